-- A room that does not say what it is, is private: search reads anew what was said in those that counted as open.
INSERT INTO job (id, kind, args, run_at_ms)
SELECT r.id, 'chat-reread', '{"room":' || r.id || '}', 0 FROM chat_room r WHERE r.kind = 'open' AND NOT EXISTS
(SELECT 1 FROM chat_state s WHERE s.room = r.id AND s.type = 'org.parvis.room_kind' AND s.state_key = '' AND s.event <> 0);
UPDATE chat_room SET kind = 'private' WHERE kind = 'open' AND NOT EXISTS (SELECT 1 FROM chat_state s
WHERE s.room = chat_room.id AND s.type = 'org.parvis.room_kind' AND s.state_key = '' AND s.event <> 0);

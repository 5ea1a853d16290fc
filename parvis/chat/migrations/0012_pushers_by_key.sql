-- One app on one phone tells one person, unless it says otherwise.
CREATE INDEX chat_pusher_by_key ON chat_pusher (app_id, pushkey);

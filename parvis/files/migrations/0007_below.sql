-- Of a folder, the newest change of it and of all below, and since when it is where it is: what says to programs that
-- synchronise whether they need to look into it. See docs/decisions/0015.
ALTER TABLE file_node ADD COLUMN tree_modseq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE file_node ADD COLUMN placed_modseq BIGINT NOT NULL DEFAULT 0;
UPDATE file_node SET tree_modseq = (SELECT MAX(m.modseq) FROM file_node m WHERE m.account_id = file_node.account_id)
WHERE folder = 1;
CREATE INDEX file_node_folders ON file_node (parent_id) WHERE folder = 1;

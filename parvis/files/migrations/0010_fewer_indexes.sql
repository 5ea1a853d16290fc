-- What a file costs to be put is most of all the indexes that it is added to: names are found by folder alone, and bytes
-- by the links that keep them.
DROP INDEX file_node_by_name;
CREATE UNIQUE INDEX file_node_by_name ON file_node (parent_id, name, account_id);
DROP INDEX file_node_by_parent;
DROP INDEX file_node_by_hash;

-- Which key secrets are sealed with: a digest of it, so that another key is never taken for it. The key is in a file.
CREATE TABLE sealing (
    id {key},
    digest {text} NOT NULL
);

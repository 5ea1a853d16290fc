-- Large blobs that are kept in pieces, each a blob by itself: see store/blobs/pieces.py.
CREATE TABLE blob_whole (
    hash {text} PRIMARY KEY,
    size BIGINT NOT NULL,
    written_ms BIGINT NOT NULL
) {clustered};
CREATE TABLE blob_piece (
    hash {text} NOT NULL,
    start BIGINT NOT NULL,
    piece {text} NOT NULL,
    size BIGINT NOT NULL,
    PRIMARY KEY (hash, start)
) {clustered};
CREATE INDEX blob_piece_by_piece ON blob_piece (piece);

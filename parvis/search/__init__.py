"""Finding: text out of documents, passages, one query that joins text, meaning and rights."""

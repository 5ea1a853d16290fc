"""Finding: text out of documents, passages, one query that joins text, meaning and rights.

`request` is what is asked and answered, `service.Search` answers it, `indexer.Indexer` keeps the index.
"""

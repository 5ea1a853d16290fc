"""The index: tables, words, vectors, and the one statement that joins them with the asker's rights."""

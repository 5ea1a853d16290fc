"""Text out of documents, with the place of every piece in its original.

`reader.Reader.read` is the door: it decides what a file is, reads hostile formats in a process of their own with
limits on time and memory, and gives an `Extract` or one of the `Unreadable` reasons.
"""

"""The JMAP door of files."""

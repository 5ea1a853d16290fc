"""Files: a tree of folders and files for each account, shared by parts. draft-ietf-jmap-filenode, RFC 4918"""

from parvis.files.feature import feature

__all__ = ["feature"]

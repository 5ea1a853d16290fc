"""WebDAV, CalDAV and CardDAV as an engine that knows no feature: rooms bring trees (serve.dav.tree)."""

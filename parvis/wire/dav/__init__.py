"""WebDAV's formats as pure functions: XML in and out, the If header, depths, timeouts, ranges."""

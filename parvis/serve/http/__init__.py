"""The HTTP door: one ASGI application on an embedded server."""

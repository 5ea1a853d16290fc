"""Push: who is told that something changed, by EventSource, WebSocket or a POST to a push service. RFC 8620 §7"""

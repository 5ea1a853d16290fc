"""Sending: what people may send, and EmailSubmission in JMAP. RFC 6409, RFC 8621 §7"""

"""The JMAP engine: knows requests, states, blobs and push, and no feature. RFC 8620, RFC 8887, RFC 9404"""

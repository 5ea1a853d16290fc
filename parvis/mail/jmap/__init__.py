"""Mail in JMAP: one file a kind or verb. RFC 8621, RFC 9425 §2.1"""

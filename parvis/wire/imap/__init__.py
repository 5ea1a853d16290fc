"""The grammar of IMAP as pure functions: IMAP4rev1 (RFC 3501), IMAP4rev2 (RFC 9051) and the extensions that each
part names.

    literal_at_end(line)      what a line announces
    parse(parts)              a whole command as values of `arguments`
    write                     the strings and structures of a response

Formal syntax besides that of IMAP itself: RFC 4314 §7, RFC 4978 §5, RFC 5182 §3, RFC 5258 §6, RFC 6851 §5,
RFC 8474 §7, RFC 9208 §7.
"""

"""The grammar of IMAP as pure functions: IMAP4rev1 (RFC 3501), IMAP4rev2 (RFC 9051) and the extensions that each
part names.

    literal_at_end(line)      what a line announces
    parse(parts)              a whole command as values of `arguments`
    write                     the strings and structures of a response
"""

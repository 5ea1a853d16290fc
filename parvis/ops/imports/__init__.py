"""Bringing mail in from elsewhere: mbox, Maildir, single messages, a live IMAP account. Every import can be broken
off at any moment and goes on where it was; what was not understood is counted and named."""

"""Accounts that people have at other providers, kept in step both ways: the mail lies in an account of its own
here, of which its owner holds every right, so that everything that works on mail works on it.

    remote    an IMAP connection to the provider
    boxes     which folder there is which mailbox here
    push      what was changed here, told to the provider
    pull      what was changed there, brought here
    keeper    the durable job that does both, for ever
    sending   mail from such an account leaves by the provider's own server

Both sides are compared with what they agreed on last (external_email): of a keyword, what was changed here
last wins; a message that was deleted on one side and changed on the other stays."""

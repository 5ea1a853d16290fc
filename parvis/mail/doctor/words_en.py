"""What the doctor says of mail, in English: of each reason a title, why as the middle of a sentence, what to do; of
each finding in reports a title, a sentence, and what to do."""

REASONS: dict[str, tuple[str, str, str]] = {
    "alone": (
        "Left alone",
        "the address refused mail for good before",
        "If it is right now, lift it in the queue's settings.",
    ),
    "dnssec": (
        "DNS keeps silent about the certificate",
        "DNS should say which certificate is right (DANE) and does not answer",
        "The other side has to mend its DNS (DNSSEC); the mail waits meanwhile.",
    ),
    "dane": (
        "Certificate is not as DNS says",
        "the certificate is not the one that DNS names (DANE)",
        "The other side has to mend it; the mail waits meanwhile.",
    ),
    "sts": (
        "Not in their policy",
        "the server is not one that the domain's own policy names (MTA-STS)",
        "The other side has to mend its policy or its MX records.",
    ),
    "no-tls": (
        "No TLS offered",
        "the domain wants TLS and its server offers none",
        "The other side has to mend it, or somebody is in between.",
    ),
    "certificate": (
        "Certificate is wrong",
        "the domain wants a right certificate and its server shows another",
        "The other side has to renew its certificate.",
    ),
    "tls-wanted": (
        "TLS wanted",
        "the other server takes mail by TLS only, and ours did not begin it",
        "See that nothing between this server and the internet takes STARTTLS away (a firewall may).",
    ),
    "microsoft-block": (
        "Blocked by Microsoft",
        "Microsoft has blocked the address of this server",
        "Ask for release at https://sender.office.com or https://olcsupport.office.com, and see that nobody "
        "sends spam from here.",
    ),
    "microsoft-slow": (
        "Slowed down by Microsoft",
        "Microsoft takes little mail from this address until it knows it better",
        "Nothing to do but send steadily; it goes by itself. Many complaints make it worse.",
    ),
    "yahoo-slow": (
        "Put off by Yahoo",
        "Yahoo saw unusual amounts or complaints from this address",
        "Wait; the mail is tried again. See https://senders.yahooinc.com and that lists offer unsubscribing.",
    ),
    "ptr": (
        "Address without a name",
        "the address of this server does not lead back to its name",
        "Set the PTR record that this page names, where you got the address.",
    ),
    "google-slow": (
        "Slowed down by Gmail",
        "Gmail saw an unusual rate of mail from this address or domain",
        "Wait; the mail is tried again. See https://postmaster.google.com for what Gmail thinks of you.",
    ),
    "dmarc": (
        "Not proved to be yours",
        "the other server could not see that the mail is from your domain (SPF, DKIM, DMARC)",
        "Set the records SPF, DKIM and DMARC that this page names; then it is taken.",
    ),
    "dkim": (
        "Signature not valid",
        "the signature (DKIM) is missing or its key is not in DNS",
        "Set the DKIM records that this page names.",
    ),
    "spf": (
        "Server not allowed to send",
        "the SPF record of your domain does not name this server",
        "Set the SPF record that this page names.",
    ),
    "blocklist": (
        "On a blocklist",
        "the address of this server is on a list of senders of spam",
        "Look at https://check.spamhaus.org, end the cause (a stolen password, an open form), then ask to be "
        "taken off.",
    ),
    "grey": (
        "Asked to come back",
        "the other server lets strangers wait some minutes at first (greylisting)",
        "Nothing; it is tried again by itself.",
    ),
    "login": (
        "Signing in failed",
        "the server in between (`relay`) does not know this user and password",
        "See `relay.username` and `relay.password` in the settings.",
    ),
    "relay": (
        "Not passed on",
        "the other server does not take mail for this domain",
        "The domain's MX record names the wrong server, or your `relay` does not know you.",
    ),
    "big": (
        "Too big",
        "the message is larger than the other side takes",
        "Send a link, or a smaller attachment.",
    ),
    "full": (
        "Mailbox full",
        "the mailbox of the recipient is full",
        "Tell them another way.",
    ),
    "no-mail": (
        "Takes no mail",
        "the domain says that it accepts no mail at all",
        "See whether the address is written rightly.",
    ),
    "spam": (
        "Taken for spam",
        "the other server thinks that it is spam",
        "Look at what was sent and by whom; new servers need some weeks until they are known.",
    ),
    "unknown": (
        "Unknown address",
        "nobody has this address",
        "See whether the address is written rightly, and take it out of lists.",
    ),
    "slow": (
        "Too much at once",
        "the other server takes no more just now",
        "Nothing; it is tried again, more slowly.",
    ),
    "no-domain": (
        "Unknown domain",
        "the domain of the address does not exist",
        "See whether the address is written rightly.",
    ),
    "sender": (
        "Sender not accepted",
        "the other server cannot use the sender's address",
        "See that the sender's domain has an MX record.",
    ),
    "address": (
        "Address not accepted",
        "the other server cannot use the address",
        "See whether the address is written rightly.",
    ),
    "closed": (
        "Mailbox closed",
        "the mailbox is switched off",
        "Tell them another way, and take the address out of lists.",
    ),
    "no-dns": (
        "DNS does not answer",
        "the domain cannot be looked up just now",
        "If it is many domains, see `dns.nameservers`; else the other side has to mend it.",
    ),
    "no-route": (
        "No server there",
        "no server of the domain has an address",
        "The other side has to mend its DNS.",
    ),
    "loop": (
        "Runs in a circle",
        "the message comes back again and again",
        "Somebody passes mail on to itself: look at filters and lists.",
    ),
    "unreached": (
        "Cannot be reached",
        "the other server does not answer",
        "If it is all of them, port 25 may be closed towards the internet: ask whoever runs your network. "
        "Else wait.",
    ),
    "policy": (
        "Not wanted",
        "the other server refuses it by a rule of its own",
        "Its answer says which; ask its postmaster if it does not.",
    ),
    "content": (
        "Not understood",
        "the other server cannot take mail of this form",
        "Send it without special characters or attachments.",
    ),
    "busy": (
        "Other server is in trouble",
        "the other server has trouble of its own",
        "Nothing; it is tried again.",
    ),
    "later": (
        "Put off",
        "the other server asks to try later",
        "Nothing; it is tried again.",
    ),
    "other": (
        "Refused",
        "the other server refuses it",
        "Its answer says why.",
    ),
}
FINDINGS: dict[str, tuple[str, str, str]] = {
    "refused": (
        "",
        "Not delivered: {messages} to {domains}, because {why}.",
        "",
    ),
    "waits": (
        "",
        "Still waiting: {messages} to {domains}, because {why}.",
        "",
    ),
    "proved": (
        "Mail in your name",
        "Of {total} in the last {days} days that said to be from {domain}, {proved} proved it.",
        "",
    ),
    "own-unproved": (
        "Mail of yours is not proved",
        "{messages} from {address}, which is yours, did not prove to be from {domain}.",
        "Set the records SPF and DKIM of {domain} that this page names.",
    ),
    "own-unsigned": (
        "Signature does not hold",
        "{messages} from {address}, which is yours, had no valid signature of {domain}; only its address "
        "proved it.",
        "Set the DKIM records that this page names: mail that is passed on is proved by nothing else.",
    ),
    "stranger": (
        "Somebody writes in your name",
        "{messages} in the name of {domain} came from {address}, which is not yours: {let} let in, {junk} "
        "put into junk, {refused} refused.",
        "A service that sends for you? Let it sign (DKIM) and name it in SPF. If not, it is forged, and a "
        "stricter DMARC record keeps it out.",
    ),
    "strangers": (
        "Others who write in your name",
        "{messages} in the name of {domain} came from {addresses} other addresses: {let} let in, {junk} put "
        "into junk, {refused} refused.",
        "",
    ),
    "stricter": (
        "DMARC can be stricter",
        "All mail of yours from {domain} has been proved for {days} days: "
        "forged mail can be met with {next} instead of {wish}.",
        "Set this record, unless one of those who write in your name is a service of yours.",
    ),
    "tls-fine": (
        "Mail comes encrypted",
        "{sessions} to {domain} in the last {days} days were encrypted, as others report, and none failed.",
        "",
    ),
    "tls-starttls": (
        "TLS not offered",
        "{sessions} of others to {host} failed: no TLS was offered.",
        "See that nothing before this server takes STARTTLS away.",
    ),
    "tls-certificate": (
        "Others refuse our certificate",
        "{sessions} of others to {host} failed: {result}.",
        "See that `tls_certificate` is of an authority, has not expired, and names {host}.",
    ),
    "tls-dane": (
        "DANE does not fit",
        "{sessions} of others to {host} failed: {result}.",
        "The TLSA record has to be of the certificate that is used now.",
    ),
    "tls-sts": (
        "Our MTA-STS policy cannot be read",
        "Others could not read the policy of {domain}: {result}, {sessions}.",
        "See that https://mta-sts.{domain}/.well-known/mta-sts.txt opens in a browser without a warning.",
    ),
    "tls-other": (
        "TLS fails",
        "{sessions} of others to {host} failed: {result}.",
        "See the certificate and the protocol versions of this server.",
    ),
    "unread": (
        "Reports that cannot be read",
        "{count} of the reports that came could not be read.",
        "The server's log says why.",
    ),
}
RESULTS = {
    "certificate-expired": "the certificate has expired",
    "certificate-host-mismatch": "the certificate is for another name",
    "certificate-not-trusted": "no known authority has signed the certificate",
    "validation-failure": "the certificate could not be checked",
    "sts-policy-fetch-error": "it could not be fetched",
    "sts-policy-invalid": "it is not well formed",
    "sts-webpki-invalid": "the certificate of its web server is wrong",
    "tlsa-invalid": "the TLSA record does not fit the certificate",
    "dnssec-invalid": "DNSSEC does not vouch for the record",
    "dane-required": "DANE was wanted and is not there",
    "unknown": "nobody said why",
}
"""What others report of TLS (RFC 8460 §4.3)."""
NOUNS = {
    "message": "1 message",
    "messages": "{n} messages",
    "session": "1 connection",
    "sessions": "{n} connections",
    "more": "{first} and {n} more",
}
GROUP = ","
"""Between thousands."""

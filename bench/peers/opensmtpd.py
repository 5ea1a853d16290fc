"""OpenSMTPD from Debian's package, whose filter signs what it sends. It does not offer STARTTLS: with OpenSSL 3 the
package's own handling of keys fails (`missing private key`)."""

from bench.peers.unpacked import Unpacked

DOMAIN = "opensmtpd.example"


class OpenSmtpd(Unpacked):
    """`next_hop` is where mail for other domains goes, `host:port`; `key` the private key by which it signs with
    the selector `x`. Mail to others than `paul@` is refused."""

    program = "usr/sbin/smtpd"

    def __init__(self, resolver: str, next_hop: str, key: str) -> None:
        self._next_hop, self._key = next_hop, key
        super().__init__(resolver)

    def configure(self) -> None:
        """See Unpacked."""
        key = self.root / "key.pem"
        key.write_text(self._key)
        key.chmod(0o644)
        (self.root / "smtpd.conf").write_text(f"""\
filter sign proc-exec "filter-dkimsign -d {DOMAIN} -s x -k {key}" user nobody group nogroup
listen on 127.0.0.1 port {self.port} hostname {DOMAIN} filter sign
listen on socket filter sign
action here maildir "{self.mail}/%{{dest.user}}" virtual {{ "paul" = paul }}
action elsewhere relay host "smtp+tls://{self._next_hop}" tls no-verify helo {DOMAIN}
match from any for domain {DOMAIN} action here
match from any for any action elsewhere
""")

    def command(self) -> str:
        """See Unpacked."""
        return f"smtpd -d -f {self.root}/smtpd.conf"

"""Exim from Debian's package. It checks SPF and DKIM of what it takes, and signs what it sends."""

from bench.peers.unpacked import Unpacked

DOMAIN = "exim.example"


class Exim(Unpacked):
    """`next_hop` is where mail for other domains goes, `host::port`; `certificate` a file of key and chain; `key`
    the private key by which it signs with the selector `x`. Mail to `gone@` is refused, to `grey@` not at first, to
    `late@` taken and returned; all other is `paul`'s."""

    program = "usr/sbin/exim4"

    def __init__(self, resolver: str, next_hop: str, certificate: str, key: str) -> None:
        self._next_hop, self._certificate, self._key = next_hop, certificate, key
        super().__init__(resolver)

    def configure(self) -> None:
        """See Unpacked."""
        (self.root / "spool").mkdir(mode=0o777)
        (self.root / "spool").chmod(0o777)
        (self.root / "tls.pem").write_text(self._certificate)
        (self.root / "key.pem").write_text(self._key)
        for name in ("tls.pem", "key.pem"):
            (self.root / name).chmod(0o644)
        (self.root / "exim.conf").write_text(_CONFIGURATION.format(
            root=self.root, port=self.port, domain=DOMAIN, next_hop=self._next_hop
        ))  # fmt: skip

    def command(self) -> str:
        """See Unpacked."""
        return f"exim4 -C {self.root}/exim.conf -bdf -q1s"


_CONFIGURATION = """\
primary_hostname = {domain}
qualify_domain = {domain}
domainlist here = {domain}
exim_user = Debian-exim
exim_group = Debian-exim
trusted_users = root
untrusted_set_sender = *
keep_environment =
add_environment = PATH=/usr/bin:/bin
spool_directory = {root}/spool
log_file_path = {root}/spool/%slog
pid_file_path = {root}/spool/pid
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
tls_advertise_hosts = *
tls_certificate = {root}/tls.pem
tls_privatekey = {root}/tls.pem
smtputf8_advertise_hosts = *
message_size_limit = 50M
hosts_treat_as_local =
acl_smtp_rcpt = rcpt
acl_smtp_data = data
begin acl
rcpt:
  deny local_parts = gone
       message = 5.1.1 nobody has this address
  defer local_parts = grey
        condition = ${{if exists{{{root}/spool/grey}}{{no}}{{yes}}}}
        condition = ${{if eq{{${{run{{/usr/bin/touch {root}/spool/grey}}{{x}}{{x}}}}}}{{x}}}}
        message = 4.7.1 come back later
  accept domains = +here
  accept hosts = :
  accept hosts = 127.0.0.1
data:
  warn spf = pass : fail : softfail : none : neutral : permerror : temperror
  warn add_header = :at_start:${{authresults {{{domain}}}}}
  accept
begin routers
late:
  driver = redirect
  domains = +here
  local_parts = late
  allow_fail
  data = :fail: the mailbox has been closed
here:
  driver = accept
  domains = +here
  transport = maildir
elsewhere:
  driver = manualroute
  route_list = * {next_hop}
  transport = smtp
  self = send
begin transports
maildir:
  driver = appendfile
  directory = {root}/mail/paul
  maildir_format
  user = Debian-exim
  delivery_date_add
smtp:
  driver = smtp
  hosts_require_tls = *
  tls_verify_hosts =
  tls_try_verify_hosts =
  dkim_domain = ${{domain:$h_from:}}
  dkim_selector = x
  dkim_private_key = ${{if eq{{$dkim_domain}}{{{domain}}}{{{root}/key.pem}}{{false}}}}
begin retry
* * F,1h,1s
"""

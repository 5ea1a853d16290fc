"""The envelope of a submission: given by the client or taken from the message, checked either way. RFC 8621 §7"""

from typing import Any

import msgspec

from parvis.kernel import clock
from parvis.kernel.errors import Invalid
from parvis.mail.queue.model import To
from parvis.mail.submission.content import Content
from parvis.mail.submission.senders import Senders
from parvis.serve.jmap.errors import SetError, invalid_properties
from parvis.wire.mime.fields import domain_as_ascii
from parvis.wire.smtp import encode_xtext, is_address

_MAIL = frozenset({"HOLDFOR", "HOLDUNTIL", "RET", "ENVID", "SIZE", "BODY", "SMTPUTF8"})
_RCPT = frozenset({"NOTIFY", "ORCPT"})
_EVENTS = frozenset({"SUCCESS", "FAILURE", "DELAY"})


class Address(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One address of an envelope with its SMTP parameters."""

    email: str
    parameters: dict[str, str | None] | None = None


_NOBODY = Address(email="")


class Envelope(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Who a message is from and to, for servers. `mailfrom`, as programs on go-jmap (aerc) spell it, counts as
    `mailFrom`."""

    mail_from: Address = _NOBODY
    rcpt_to: list[Address]
    misspelt: Address | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="mailfrom")

    def __post_init__(self) -> None:
        if self.misspelt is not msgspec.UNSET:
            self.mail_from, self.misspelt = self.misspelt, msgspec.UNSET
        if self.mail_from is _NOBODY:
            raise ValueError("Object missing required field `mailFrom`")


def derived(content: Content, identity_email: str) -> Envelope:
    """The envelope that the message's own fields say; from the identity's address when it does not allow theirs."""
    by = content.addresses("Sender") or content.addresses("From")
    if len(by) != 1:
        raise SetError("invalidEmail", "one sender is needed", properties=["from", "sender"])
    mail_from = by[0].email if Senders((identity_email,)).allow(by[0].email) else identity_email
    return Envelope(
        mail_from=Address(email=mail_from), rcpt_to=[Address(email=email) for email in content.recipients()]
    )


def checked(envelope: Envelope, senders: Senders, most: int) -> tuple[str, tuple[To, ...]]:
    """Return address and recipients as the queue takes them. Raises SetError."""
    sender = envelope.mail_from.email
    if not is_address(sender) or not senders.allow(sender):
        raise SetError("forbiddenMailFrom", f"{sender} is not one of your addresses")
    if not envelope.rcpt_to:
        raise SetError("noRecipients", "there is nobody to send to")
    wrong = [to.email for to in envelope.rcpt_to if not is_address(to.email)]
    if wrong:
        raise SetError("invalidRecipients", "not an address", invalidRecipients=wrong)
    found = {to.email.lower(): _to(to) for to in envelope.rcpt_to}
    if len(found) > most:
        raise SetError("tooManyRecipients", f"at most {most} recipients", maxRecipients=most)
    return domain_as_ascii(sender), tuple(found.values())


def _to(address: Address) -> To:
    given = _parameters(address, _RCPT)
    notify = (given.get("NOTIFY") or "").upper()
    if notify and notify != "NEVER" and not set(notify.split(",")) <= _EVENTS:
        raise invalid_properties("envelope", why="NOTIFY is not understood")
    return To(domain_as_ascii(address.email), notify, _original(given.get("ORCPT")))


def _original(given: str | None) -> str:
    if not given:
        return ""
    kind, mark, value = given.partition(";")
    if not mark or not kind.isascii() or not kind.isalnum() or len(given) > 500:
        raise invalid_properties("envelope", why="ORCPT is not understood")
    return f"{kind};{encode_xtext(value)}"


def ret_and_envid(envelope: Envelope) -> tuple[str, str]:
    """RET and ENVID as the next server is told; ENVID empty when none was given. RFC 3461 §4.3, §4.4"""
    given = _parameters(envelope.mail_from, _MAIL)
    ret = (given.get("RET") or "").upper()
    if ret not in ("", "FULL", "HDRS"):
        raise invalid_properties("envelope", why="RET is FULL or HDRS")
    envid = encode_xtext(given.get("ENVID") or "")
    if len(envid) > 100:
        raise invalid_properties("envelope", why="ENVID is too long")
    return ret, envid


def release_ms(envelope: Envelope, max_hold: int) -> int:
    """When the message may leave, in ms; 0 is at once. RFC 4865 §4 (HOLDFOR in seconds, HOLDUNTIL a date)"""
    given = _parameters(envelope.mail_from, _MAIL)
    hold_for, hold_until = given.get("HOLDFOR"), given.get("HOLDUNTIL")
    if hold_for is None and hold_until is None:
        if {"HOLDFOR", "HOLDUNTIL"} & set(given):
            raise invalid_properties("envelope", why="a hold needs a value")
        return 0
    now = clock.now_ms()
    if hold_for is not None and hold_until is not None:
        raise invalid_properties("envelope", why="HOLDFOR or HOLDUNTIL, not both")
    if hold_for is not None:
        if not (hold_for.isascii() and hold_for.isdigit() and len(hold_for) < 10):
            raise invalid_properties("envelope", why="HOLDFOR is a number of seconds")
        release = now + int(hold_for) * 1000
    else:
        release = instant_ms(hold_until or "")
    if release > now + max_hold * 1000:
        raise invalid_properties("envelope", why=f"a message can be held for {max_hold} seconds at most")
    return release


def instant_ms(text: str) -> int:
    """A date-time as stored. Raises SetError."""
    try:
        return clock.parse_utc(text)
    except Invalid as error:
        raise invalid_properties("envelope", why="not a date-time") from error


def _parameters(address: Address, known: frozenset[str]) -> dict[str, Any]:
    given = {name.upper(): value for name, value in (address.parameters or {}).items()}
    if unknown := sorted(set(given) - known):
        raise invalid_properties("envelope", why=f"parameter {unknown[0]} is not offered")
    return given

"""Delivery reports as mail servers write them: a sentence for people, a report for machines, the message's head.
RFC 3464, RFC 6522"""

from email.message import EmailMessage, Message
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText

from parvis.ops.demo.scenario import Draft, Person

_FAILED = (
    "This is the mail system at {host}.\n\nI'm sorry to have to inform you that your message could not\n"
    "be delivered to one or more recipients.\n\n<{address}>: host mx.{domain} said: 550 5.1.1 User unknown\n"
)
_DELAYED = (
    "This is the mail system at {host}.\n\nYour message has not been delivered yet to the recipient below;\n"
    "it will be tried again for 4 days. You do not need to send it again.\n\n<{address}>: connection to "
    "mx.{domain} timed out\n"
)


def fill(message: EmailMessage, draft: Draft, about: EmailMessage, author: Person) -> None:
    """Makes `message` the report that `draft` describes, on the undelivered message `about`."""
    address, delayed = draft.headers["failed"], "delayed" in draft.headers
    domain, host = address.partition("@")[2], author.address.partition("@")[2]
    report = MIMEMultipart("report", report_type="delivery-status")
    sentence = _DELAYED if delayed else _FAILED
    report.attach(MIMEText(sentence.format(host=host, address=address, domain=domain)))
    report.attach(_status(address, f"mx.{domain}", host, delayed))
    report.attach(_head_of(about))
    for name, value in report.items():
        message[name] = value
    message.set_payload(report.get_payload())
    message["Auto-Submitted"] = "auto-replied"


def _status(address: str, remote: str, host: str, delayed: bool) -> Message:
    """The machine's part: one block for the message, one for the recipient. RFC 3464 §2"""
    action, code = ("delayed", "4.4.1") if delayed else ("failed", "5.1.1")
    reason = "timed out" if delayed else "550 5.1.1 User unknown"
    whole, one = Message(), Message()
    whole["Reporting-MTA"] = f"dns; {host}"
    one["Final-Recipient"] = f"rfc822; {address}"
    one["Action"] = action
    one["Status"] = code
    one["Remote-MTA"] = f"dns; {remote}"
    one["Diagnostic-Code"] = f"smtp; {reason}"
    part = MIMENonMultipart("message", "delivery-status")
    part.set_payload([whole, one])
    return part


def _head_of(about: EmailMessage) -> Message:
    """The head of the message that was not delivered, as it was sent. RFC 6522 §4"""
    part = MIMENonMultipart("text", "rfc822-headers")
    part.set_payload(about.as_bytes().partition(b"\r\n\r\n")[0].decode("ascii") + "\n")
    return part

"""Names of elements and properties, in Clark's notation: `{namespace}local`."""

DAV = "DAV:"
CALDAV = "urn:ietf:params:xml:ns:caldav"
CARDDAV = "urn:ietf:params:xml:ns:carddav"
CALENDARSERVER = "http://calendarserver.org/ns/"
APPLE = "http://apple.com/ns/ical/"
PREFIXES = {DAV: "D", CALDAV: "C", CARDDAV: "A", CALENDARSERVER: "CS", APPLE: "I"}
"""How they are written; every multistatus declares them once."""


def dav(local: str) -> str:
    """A name of RFC 4918 and of what builds on it."""
    return f"{{{DAV}}}{local}"


def caldav(local: str) -> str:
    """A name of RFC 4791, RFC 6638, RFC 7809."""
    return f"{{{CALDAV}}}{local}"


def carddav(local: str) -> str:
    """A name of RFC 6352."""
    return f"{{{CARDDAV}}}{local}"


def calendarserver(local: str) -> str:
    """A name of Apple's calendar server, as getctag."""
    return f"{{{CALENDARSERVER}}}{local}"


def apple(local: str) -> str:
    """A name of Apple's calendar program, as calendar-color."""
    return f"{{{APPLE}}}{local}"


def split(name: str) -> tuple[str, str]:
    """Namespace and local part; the namespace may be empty."""
    if name.startswith("{"):
        space, _, local = name[1:].partition("}")
        return space, local
    return "", name

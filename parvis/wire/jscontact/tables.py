"""Which property of vCard is which of JSContact, for all that convert alike. RFC 9555 §2.4-2.13,
RFC 9554 §3, §4"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Entry(NamedTuple):
    """A property of vCard whose every occurrence is an object in a map of JSContact."""

    collection: str
    member: str
    """What the value becomes."""
    fixed: Mapping[str, str] = MappingProxyType({})
    """What the name of the property says."""
    uri: bool = False
    """The value is a URI, else TEXT."""


ENTRIES: dict[str, Entry] = {
    "CALADRURI": Entry("schedulingAddresses", "uri", uri=True),
    "CALURI": Entry("calendars", "uri", {"kind": "calendar"}, uri=True),
    "CONTACT-URI": Entry("links", "uri", {"kind": "contact"}, uri=True),
    "EMAIL": Entry("emails", "address"),
    "EXPERTISE": Entry("personalInfo", "value", {"kind": "expertise"}),
    "FBURL": Entry("calendars", "uri", {"kind": "freeBusy"}, uri=True),
    "HOBBY": Entry("personalInfo", "value", {"kind": "hobby"}),
    "IMPP": Entry("onlineServices", "uri", {"vCardName": "impp"}, uri=True),
    "INTEREST": Entry("personalInfo", "value", {"kind": "interest"}),
    "KEY": Entry("cryptoKeys", "uri", uri=True),
    "LANG": Entry("preferredLanguages", "language"),
    "LOGO": Entry("media", "uri", {"kind": "logo"}, uri=True),
    "NICKNAME": Entry("nicknames", "name"),
    "NOTE": Entry("notes", "note"),
    "ORG-DIRECTORY": Entry("directories", "uri", {"kind": "directory"}, uri=True),
    "PHOTO": Entry("media", "uri", {"kind": "photo"}, uri=True),
    "PRONOUNS": Entry("pronouns", "pronouns"),
    "ROLE": Entry("titles", "name", {"kind": "role"}),
    "SOCIALPROFILE": Entry("onlineServices", "uri", uri=True),
    "SOUND": Entry("media", "uri", {"kind": "sound"}, uri=True),
    "SOURCE": Entry("directories", "uri", {"kind": "entry"}, uri=True),
    "TEL": Entry("phones", "number"),
    "TITLE": Entry("titles", "name", {"kind": "title"}),
    "URL": Entry("links", "uri", uri=True),
    "X-SOCIALPROFILE": Entry("onlineServices", "uri", {"vCardName": "x-socialprofile"}, uri=True),
}
MESSENGERS = {
    "X-AIM": "AIM",
    "X-GADUGADU": "Gadu-Gadu",
    "X-GOOGLE-TALK": "Google Talk",
    "X-GROUPWISE": "GroupWise",
    "X-ICQ": "ICQ",
    "X-JABBER": "Jabber",
    "X-MATRIX": "Matrix",
    "X-MSN": "MSN",
    "X-SKYPE": "Skype",
    "X-SKYPE-USERNAME": "Skype",
    "X-TWITTER": "Twitter",
    "X-YAHOO": "Yahoo",
}
"""Properties of old clients that name a person of a service."""
SINGLE_TEXT = {"PRODID": "prodId", "UID": "uid"}
SINGLE_LOWER = {"KIND": "kind"}
SINGLE_STAMP = {"CREATED": "created", "REV": "updated"}
DATES = {"BDAY": "birth", "DEATHDATE": "death", "ANNIVERSARY": "wedding"}
PLACES = {"BIRTHPLACE": "birth", "DEATHPLACE": "death"}

FEATURES = {
    "cell": "mobile",
    "fax": "fax",
    "main-number": "main-number",
    "pager": "pager",
    "text": "text",
    "textphone": "textphone",
    "video": "video",
    "voice": "voice",
}
"""RFC 9555 §2.7.6"""
CONTEXTS = {"home": "private", "work": "work"}
ADDRESS_CONTEXTS = {**CONTEXTS, "billing": "billing", "delivery": "delivery"}
LEVELS = {"beginner": "low", "average": "medium", "expert": "high"}
"""Of EXPERTISE. RFC 9555 §2.3.13"""
LABELLED = frozenset(
    {
        *("emails", "phones", "onlineServices", "schedulingAddresses", "personalInfo"),
        *("calendars", "cryptoKeys", "directories", "links", "media"),
    }
)
"""Maps whose objects have a `label`. RFC 9553 §1.5.2"""
RESOURCES = frozenset({"calendars", "cryptoKeys", "directories", "links", "media"})
WITH_CONTEXTS = frozenset(
    {
        *RESOURCES,
        *("addresses", "emails", "nicknames", "onlineServices", "organizations", "phones"),
        *("preferredLanguages", "pronouns", "schedulingAddresses"),
    }
)
WITH_PREF = WITH_CONTEXTS - {"organizations"}
LISTED = frozenset({"directories", "personalInfo"})

APPLE_LABEL = re.compile(r"_\$!<([A-Za-z]{1,40})>!\$_\Z")
APPLE_LABELS = frozenset(
    {
        *("Anniversary", "Assistant", "Brother", "Car", "Child", "Daughter", "Father", "Friend", "Home"),
        *("HomeFAX", "HomePage", "Main", "Manager", "Mobile", "Mother", "Other", "OtherFAX", "Pager", "Parent"),
        *("Partner", "School", "Sister", "Son", "Spouse", "Work", "WorkFAX"),
    }
)
"""Words that Apple translates when they are marked as `_$!<Home>!$_`."""

"""A card before it is kept: from a vCard or from JSContact, checked, with its photos apart. Nothing is read from
the database here, so all of it can be done before a unit begins."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from parvis.contacts import index
from parvis.contacts.model import IMAGES, LIMITS, MOST_PHOTO, Card
from parvis.kernel import clock
from parvis.kernel.errors import Invalid, TooLarge
from parvis.serve.jmap.blobs import blob_id
from parvis.wire import contentlines, jscontact, vcard
from parvis.wire.contentlines import Component, Property
from parvis.wire.vcard.cards import check
from parvis.wire.vcard.versions import data_uri, media_type, read_data_uri


@dataclass(frozen=True, slots=True)
class Photo:
    """Bytes that a card holds: a photo, logo, sound or key."""

    digest: str
    media_type: str
    content: bytes

    @property
    def uri(self) -> str:
        """As `data:` URI."""
        return data_uri(self.media_type, self.content)


Photos = Mapping[str, Photo]
"""By blob id."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is kept of a card."""

    card: Card
    """As JSContact; a medium whose bytes the card holds has `blobId` and no `uri`."""
    data: bytes
    """The vCard."""
    photos: Mapping[str, Photo] = field(default_factory=dict)

    @property
    def uid(self) -> str:
        """Its unique identifier."""
        return str(self.card["uid"])

    @property
    def etag(self) -> str:
        """Another one whenever the octets are others."""
        return hashlib.sha256(self.data).hexdigest()[:32]


def read(data: bytes) -> Draft:
    """From the octets of one vCard. Raises Invalid, TooLarge."""
    if len(data) > LIMITS.bytes:
        raise TooLarge(f"a card has at most {LIMITS.bytes} bytes", limit=LIMITS.bytes)
    return of_component(vcard.read_one(data, LIMITS, ended=True), data)


def of_component(component: Component, data: bytes | None = None) -> Draft:
    """From a vCard that was read; `data` are its octets, when they are to be kept as they are."""
    read_card = jscontact.from_vcard(component)
    if component.first("UID") is None:
        component = Component(component.name, [*component.properties, _uid(component, read_card["uid"])])
        data = None
    card, photos = apart(read_card)
    if not index.title_of(card) and not card.get("members"):
        raise Invalid("a card needs a name", field="name")
    return Draft(card, contentlines.write(component) if data is None else data, photos)


def with_uid(data: bytes, uid: str) -> Draft:
    """From the octets of a vCard that names no UID, as the card of this one. Raises Invalid, TooLarge."""
    component = vcard.read_one(data, LIMITS, ended=True)
    return of_component(Component(component.name, [*component.properties, _uid(component, uid)]))


def _uid(component: Component, uid: str) -> Property:
    return Property("UID", uid if vcard.version_of(component) == "4.0" else uid.removeprefix("urn:uuid:"))


def made(card: Card, photos: Photos, before: "Stored | None" = None) -> Draft:
    """From JSContact whose media may have blob ids: of `photos`, or of the card as it was `before`, whose octets
    stay where nothing changed. Raises BadCard, Invalid."""
    known = dict(before.photos if before is not None else {}) | dict(photos)
    whole = together({**card, "@type": "Card"}, known)
    jscontact.check(whole, together(before.card, known) if before is not None else None)
    component = jscontact.merge(before.component, whole) if before is not None else jscontact.to_vcard(whole)
    check(component, LIMITS)
    data = contentlines.write(component)
    if len(data) > LIMITS.bytes:
        raise TooLarge(f"a card has at most {LIMITS.bytes} bytes", limit=LIMITS.bytes)
    shown, kept = apart(whole)
    return Draft(shown, data, kept)


@dataclass(frozen=True, slots=True)
class Stored:
    """A card as it is kept, read again to be changed."""

    card: Card
    component: Component
    photos: Photos

    @classmethod
    def of(cls, card: Card, data: bytes) -> "Stored":
        """From its row."""
        component = contentlines.parse(data)[0]
        return cls(card, component, apart(jscontact.from_vcard(component))[1])


def apart(card: Card) -> tuple[Card, dict[str, Photo]]:
    """A card whose media in `data:` URIs have blob ids instead, and what these stand for. RFC 9610 §3"""
    media = card.get("media")
    photos: dict[str, Photo] = {}
    if not isinstance(media, dict):
        return card, photos
    shown: dict[str, Any] = {}
    for key, each in media.items():
        shown[key] = each
        found = read_data_uri(each["uri"]) if isinstance(each, dict) and isinstance(each.get("uri"), str) else None
        if found is None or not isinstance(each, dict):
            continue
        kind, content = found
        if len(content) > MOST_PHOTO:
            raise TooLarge(f"a photo has at most {MOST_PHOTO} bytes", limit=MOST_PHOTO, field="media")
        photo = Photo(hashlib.sha256(content).hexdigest(), kind, content)
        photos[blob_id(photo.digest)] = photo
        rest = {name: value for name, value in each.items() if name != "uri"}
        shown[key] = {**rest, "blobId": blob_id(photo.digest), "mediaType": kind}
    return {**card, "media": shown}, photos


def together(card: Card, photos: Photos) -> Card:
    """The reverse. Raises Invalid for a blob that is not known."""
    media = card.get("media")
    if not isinstance(media, dict):
        return card
    whole: dict[str, Any] = {}
    for key, each in media.items():
        whole[key] = each
        if isinstance(each, dict) and isinstance(given := each.get("blobId"), str):
            photo = photos.get(given)
            if photo is None:
                raise Invalid("no such blob", field=f"media/{key}/blobId")
            rest = {name: value for name, value in each.items() if name not in ("blobId", "mediaType")}
            whole[key] = {**rest, "uri": photo.uri}
    return {**card, "media": whole}


def photo_of(content: bytes, declared: str, kind: str = "photo") -> Photo:
    """Uploaded bytes as a photo. Raises Invalid for what is no image that is known. RFC 9610 §3.5"""
    if len(content) > MOST_PHOTO:
        raise TooLarge(f"a photo has at most {MOST_PHOTO} bytes", limit=MOST_PHOTO, field="media")
    media = media_type(content, "")
    if kind in ("photo", "logo") and media not in IMAGES:
        raise Invalid("this is no image", field="media")
    return Photo(hashlib.sha256(content).hexdigest(), media or declared or "application/octet-stream", content)


def blob_ids(given: Any) -> set[str]:
    """The blob ids that a card or a patch of one names."""
    found, waiting = set[str](), [given]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if isinstance(blob := each.get("blobId"), str):
                found.add(blob)
            found |= {v for k, v in each.items() if str(k).endswith("/blobId") and isinstance(v, str)}
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return found


def moment(card: Card, member: str) -> int | None:
    """`created` or `updated` of a card in ms."""
    given = card.get(member)
    try:
        return clock.parse_utc(given) if isinstance(given, str) else None
    except Invalid:
        return None


def packed(card: Card) -> str:
    """A card as text."""
    return msgspec.json.encode(card).decode()

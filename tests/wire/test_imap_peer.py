"""What Dovecot, of Debian's packages, answers about the same messages."""

import datetime
import pathlib
import re
import tarfile
from collections.abc import Iterator

import pytest

from parvis.wire import mime
from parvis.wire.imap import write
from parvis.wire.imap.command import parse
from tests.ops import test_imap
from tests.wire.imap_peer import Peer, Value, values
from tests.wire.mime.corpus import seeds

pytestmark = test_imap.pytestmark
dovecot = test_imap.dovecot

CORPUS = pathlib.Path(__file__).parents[2] / ".venv/share/parvis/spam-assassin.tgz"
NEWS = b"".join(
    b"From: =?utf-8?q?Ren=C3=A9?= <rene@example.org>\r\nDate: %b Nov 2020 10:00:00 +0100\r\nSubject: %b\r\n%bMessage-ID: <%b@x>\r\n\r\n%b\r\n\0"
    % row
    for row in [
        (b"Mon, 2", b"Menu", b"", b"a", b"one"),
        (b"Tue, 3", b"Re: Menu", b"References: <a@x>\r\n", b"b", b"two"),
        (b"Wed, 4", b"Re: Menu", b"References: <a@x> <b@x>\r\n", b"c", b"three"),
        (b"Thu, 5", b"Fwd: [list] menu", b"In-Reply-To: <a@x>\r\n", b"d", b"four"),
        (b"Fri, 6", b"Re: [staff] Lost?", b"References: <gone@x>\r\n", b"e", b"five"),
        (b"Thu, 5", b"Lost?", b"References: <gone@x>\r\n", b"f", b"six"),
        (b"Sat, 7", b"Re: Roof", b"", b"g", b"seven"),
        (b"Sun, 8", b"=?utf-8?q?Roof?= (fwd)", b"", b"h", b"eight"),
        (b"Mon, 9", b"", b"", b"i", b"nine"),
    ]
).split(b"\0")[:-1]
PARTS = b"""From: "Zoe \\"Z\\" X" <zoe@example.org>, (comment) bob@example.org (Bob B.)
Sender: ops@example.org
To: Team: a@example.org, "B, C" <b@example.org>;, Void:;, "joe smith"@example.org
Cc: <c@example.org>
Subject: =?iso-8859-1?q?caf=E9?= a
 folded
 line
Date: Mon, 2 Nov 2020 10:00:00 +0100
Message-ID: <parts@example.org>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="o"; x-other="a \\" b"
Content-Language: fr, en

preamble
--o
Content-Type: text/plain; charset=utf-8; format=flowed
Content-Transfer-Encoding: quoted-printable
Content-ID: <one@example.org>
Content-Description: a note
Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==
Content-Location: http://example.org/a

caf=C3=A9=
 !
--o
Content-Type: message/rfc822
Content-Disposition: attachment; filename="inner.eml"

From: deep@example.org
Subject: deep
Content-Type: multipart/alternative; boundary=i

--i

plain
--i
Content-Type: text/html; charset=us-ascii

<p>html</p>
--i--

--o
Content-Type: application/pdf; name*0="a long name "; name*1="in two.pdf"
Content-Disposition: attachment; filename*=utf-8''m%C3%A9nu.pdf; size=3
Content-Transfer-Encoding: base64

AAEC
--o
Content-Type: message/rfc822

Subject: single

only
--o--
epilogue
"""
SECTIONS = [
    "BODY[]", "BODY[HEADER]", "BODY[TEXT]", "BODY[1]", "BODY[2]", "BODY[3]", "BODY[1.MIME]", "BODY[2.MIME]", "BODY[2.HEADER]", "BODY[2.TEXT]",
    "BODY[2.1]", "BODY[2.2]", "BODY[2.2.MIME]", "BODY[4.HEADER]", "BODY[4.1]", "BODY[4.TEXT]", "BODY[2.HEADER.FIELDS (subject)]",
    "BODY[HEADER.FIELDS (To Subject Nothing)]", "BODY[HEADER.FIELDS.NOT (To Subject)]", "BODY[TEXT]<5.20>", "BODY[1]<1.3>", "BODY[]<900000.5>",
    "BINARY[1]", "BINARY[3]", "BINARY[1]<2.3>", "BINARY.SIZE[3]", "RFC822", "RFC822.HEADER", "RFC822.TEXT",
]  # fmt: skip


def crlf(message: bytes) -> bytes:
    return re.sub(rb"\r?\n", b"\r\n", message)


def plain(value: Value) -> Value:
    """Without what does not matter: capitals, runs of space; Dovecot has a name for what is missing."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if value is None:
        return None
    text = re.sub(rb"\s+", b" ", value).strip().lower()
    return b"" if text in (b"missing_domain", b"missing_mailbox") else text


@pytest.fixture
def peer(dovecot: int) -> Iterator[Peer]:
    peer = Peer(dovecot)
    peer(b"LOGIN bob secret-of-dovecot")
    yield peer
    peer.close()


def filled(peer: Peer, messages: list[bytes]) -> None:
    for message in messages:
        peer.append(message)
    peer(b"SELECT INBOX")


def ours(message: bytes, item: str) -> bytes | None:
    (wanted,) = parse([b"a FETCH 1 " + item.encode()]).arguments.items  # type: ignore[union-attr]
    found = write.section(message, mime.parse(message), wanted)
    return b"%d" % len(found) if found is not None and item.startswith("BINARY.SIZE") else found


def test_every_section_of_a_message_with_parts(peer: Peer) -> None:
    message = crlf(PARTS)
    filled(peer, [message])
    for item in SECTIONS:
        asked = item.replace("[", ".PEEK[") if not item.startswith(("RFC822", "BINARY.SIZE")) else item
        assert peer.fetch(1, asked.encode()) == ours(message, item), item


def test_its_envelope_and_structure(peer: Peer) -> None:
    message = crlf(PARTS)
    filled(peer, [message])
    root = mime.parse(message).root
    for mine, theirs in zip(values(write.envelope(root))[0], peer.fetch(1, b"ENVELOPE"), strict=True):  # type: ignore[arg-type]
        assert plain(mine) == plain(theirs)
    for extended, item in ((True, b"BODYSTRUCTURE"), (False, b"BODY")):
        assert plain(values(write.body_structure(message, root, extended))) == plain([peer.fetch(1, item)])


def well_formed() -> list[bytes]:
    """Messages that can be understood in one way only: every part has its header, nothing is 8-bit, nothing of RFC 2231 may
    be written in more ways than one, Dovecot knows the encodings."""
    odd = re.compile(rb"\*0|\*=|x-uu|^\s*From |[\x80-\xff]|<\w+ \w+@|charset=\"?\"|\n(--\S+\r\n)\1", re.I)
    messages = [crlf(message) for message in seeds()]
    if CORPUS.exists():
        with tarfile.open(CORPUS) as archive:
            names = [member for member in archive if member.name.endswith(".txt")][::40]
            messages += [crlf(archive.extractfile(member).read().partition(b"\n")[2]) for member in names]  # type: ignore[union-attr]
    parsed = [(message, mime.parse(message)) for message in messages if message]
    return [
        raw
        for raw, message in parsed
        if not message.defects
        and not odd.search(raw)
        and message.root.headers
        and not any(
            mime.inner_message(raw, part)[1].defects for part in message.leaves() if part.subtype == "rfc822"
        )
        and all(raw[: part.body_start].endswith(b"\r\n\r\n") or not part.headers for part in message.walk())
    ]


def test_well_formed_messages(peer: Peer) -> None:
    messages = well_formed()
    assert len(messages) > 20
    filled(peer, messages)
    differing = []
    for number, raw in enumerate(messages, start=1):
        root = mime.parse(raw).root
        for item, written in (
            (b"ENVELOPE", write.envelope(root)),
            (b"BODYSTRUCTURE", write.body_structure(raw, root, True)),
        ):
            if plain(values(written)) != plain([peer.fetch(number, item)]):
                differing.append((number, item, values(written), peer.fetch(number, item)))
        for item in ("BODY[HEADER.FIELDS (FROM SUBJECT DATE)]", "BODY[1]", "BODY[TEXT]", "BODY[HEADER]"):
            if peer.fetch(number, item.replace("[", ".PEEK[").encode()) != ours(raw, item):
                differing.append((number, item, ours(raw, item), b""))
    assert differing == []


def threaded(number: int, raw: bytes) -> write.Threaded:
    root = mime.parse(raw).root

    def ids(name: str) -> tuple[str, ...]:
        header = root.last(name)
        return (mime.as_message_ids(header.value) or ()) if header else ()

    date = mime.as_date(root.last("Date").value) or datetime.datetime.now()  # type: ignore[union-attr]
    subject = mime.as_text(root.last("Subject").value)  # type: ignore[union-attr]
    references = ids("References") or ids("In-Reply-To")[:1]
    return write.Threaded(number, ids("Message-ID")[0], references, subject, int(date.timestamp() * 1000))


def test_conversations_and_order(peer: Peer) -> None:
    filled(peer, NEWS)
    messages = [threaded(number, raw) for number, raw in enumerate(NEWS, start=1)]
    (answer,) = peer(b"THREAD REFERENCES UTF-8 ALL")
    assert answer.strip() == b"THREAD " + write.thread_references(messages)
    (answer,) = peer(b"THREAD ORDEREDSUBJECT UTF-8 ALL")
    assert answer.strip() == b"THREAD " + write.thread_orderedsubject(messages)
    (answer,) = peer(b"SORT (SUBJECT) UTF-8 ALL")
    found = sorted(messages, key=lambda m: (write.collation(write.sort_base_subject(m.subject)), m.number))
    assert [int(number) for number in answer.split()[1:]] == [message.number for message in found]

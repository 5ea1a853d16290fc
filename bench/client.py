"""Opening the client until the list and a message are shown, ours beside Roundcube, in one run in one Chromium:
python -m bench.client [messages [rounds]]

Roundcube (skin elastic, Apache with opcache) reads the same messages from Dovecot. Somebody is signed in already.
Cold: the browser has nothing but the cookie; warm: the second visit. Shown is what lies in the viewport once the
frame has been painted, found in both in the same way (`bench/browser/watch.mjs`). Rounds alternate, so that
whatever else the machine does meets both. Then the same through a line with a round trip of 40 ms, and bytes
and requests that passed it, those of the service worker included."""

import contextlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP, default
from typing import Any

from bench.jmap import parvis
from bench.messages import THREAD, message
from bench.peers.dovecot import Dovecot
from bench.peers.roundcube import Roundcube

USER = "bench@example.net"
BROWSER = pathlib.Path(__file__).parent / "browser"
ROUND_TRIP_MS = 40
Samples = list[dict[str, Any]]
TIMES = ["list", "first", "html", "other"]
CPU = [f"{what}: {kind} CPU" for what in ("list", "message") for kind in ("Task", "Script")]
WIRE = ["bytes", "requests"]


def letter(number: int) -> bytes:
    """Message `number` of bench.messages; every second conversation is written in HTML beside plain text."""
    raw = message(number)
    if number // THREAD % 2:
        return raw
    plain = BytesParser(policy=default).parsebytes(raw)
    text = plain.get_content()
    letter = EmailMessage(SMTP)
    for name in ("From", "To", "Subject", "Message-ID", "References", "Date"):
        if name in plain:
            letter[name] = plain[name]
    letter.set_content(text)
    paragraphs = "".join(f'<tr><td style="padding: 8px"><p>{line}</p></td></tr>' for line in text.splitlines())
    style = "body { font-family: sans-serif } td { color: #333; border-bottom: 1px solid #ddd }"
    letter.add_alternative(
        f'<html><head><style>{style}</style></head><body><table width="600">{paragraphs}</table></body></html>',
        "html",
    )
    return letter.as_bytes()


def shown(count: int, row: int) -> dict[str, Any]:
    """What a browser shows of the message at a row, counted from the newest."""
    found = BytesParser(policy=default).parsebytes(letter(count - 1 - row))
    body = found.get_body(("html", "plain"))
    plain = found.get_body(("plain",))
    assert body is not None and plain is not None
    subject = found["Subject"].removeprefix("Re: ")
    words = plain.get_content().splitlines()[0]
    return {"row": row, "subject": subject, "text": words, "html": body.get_content_subtype() == "html"}


def browse(script: str, asked: dict[str, Any]) -> Any:
    """Runs a script of bench/browser; gives what it prints."""
    path = f"{os.environ['PATH']}:{pathlib.Path(sys.executable).parent}"
    node = shutil.which("node", path=path)
    assert node, "Node.js is not here (tools/setup.sh test)"
    done = subprocess.run(
        [node, BROWSER / script], input=json.dumps(asked), stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout)


def table(title: str, samples: Samples, names: list[str]) -> None:
    """Prints the medians and 95th percentiles of some samples."""
    sides = list(dict.fromkeys(one["side"] for one in samples))
    print(f"\n{title}\n\n| | " + " | ".join(sides) + " |\n|---|" + "---|" * len(sides))
    for visit in ("cold", "warm"):
        for name in names:
            found = [
                [one["value"] for one in samples if (one["side"], one["visit"], one["what"]) == (side, visit, name)]
                for side in sides
            ]
            if all(found):
                print(f"| {visit}, {name} | " + " | ".join(map(cell, found)) + " |")
    sys.stdout.flush()


def cell(values: list[float]) -> str:
    """Median and 95th percentile."""
    p95 = sorted(values)[min(len(values) - 1, int(len(values) * 0.95))]
    return f"{statistics.median(values):,.0f} ({p95:,.0f})"


@contextlib.contextmanager
def sides(count: int) -> Iterator[list[dict[str, str]]]:
    """Ours and the peer, filled and serving."""
    with contextlib.ExitStack() as stack:
        messages = [letter(number) for number in range(count)]
        ours = stack.enter_context(parvis(messages, "$seen"))
        found = [
            {
                "name": "Parvis",
                "url": ours.url.removesuffix("jmap/api"),
                "user": ours.user,
                "password": ours.password,
            }
        ]
        if missing := Dovecot.missing() or Roundcube.missing():
            print(f"{missing}: ours alone")
        else:
            dovecot = Dovecot()
            stack.callback(dovecot.close)
            dovecot.append(USER, messages, "\\Seen")
            roundcube = Roundcube(dovecot.imap)
            stack.callback(roundcube.close)
            found.append({"name": "Roundcube", "url": roundcube.url, "user": USER, "password": "x"})
        yield found


def main(count: int, rounds: int) -> None:
    """Measures both and prints tables."""
    messages = {name: shown(count, row) for name, row in (("first", 0), ("html", 4), ("other", 8))}
    with sides(count) as both:
        asked = {"sides": both, "messages": messages}
        direct = browse("opening.mjs", {**asked, "rounds": rounds, "delay": 0})
        far = browse("opening.mjs", {**asked, "rounds": rounds, "delay": ROUND_TRIP_MS / 2})
    print(f"\n{count} messages, {rounds} rounds: median (95th percentile)")
    table("Milliseconds, on loopback", direct, TIMES)
    table(f"Milliseconds, round trip of {ROUND_TRIP_MS} ms", far, TIMES)
    table("CPU ms of the page's main thread until then", direct, CPU)
    table("Bytes and requests, two messages read and all at rest", far, WIRE)


if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:]]
    main(*(given + [1000, 7][len(given) :]))

"""Scrolling an Inbox of many messages in our client, in Chromium: python -m bench.scrolling [messages [rounds]]

By wheel, keys and bar, to places not seen before. Printed are the longest task of the page's main thread, the gaps
between frames (16.7 ms when none is dropped), how long the view stood without words after it came to rest, what the
page holds at the end, and how long the server takes for a page of 50 at the beginning, the middle and the end."""

import base64
import json
import statistics
import sys
import time
import urllib.request

from bench.client import Samples, browse
from bench.jmap import CALLS, TICK, Server, cpu_seconds, parvis
from bench.messages import message

REQUESTS = 20


def table(samples: Samples) -> None:
    """Prints a row for each way of scrolling."""
    print("| | longest task ms | frame ms, median, 95 %, 99 % | until words are there ms, median, longest |")
    print("|---|---|---|---|")
    for way in dict.fromkeys(one["visit"] for one in samples):
        found = {
            what: sorted(one["value"] for one in samples if (one["visit"], one["what"]) == (way, what))
            for what in dict.fromkeys(one["what"] for one in samples if one["visit"] == way)
        }
        if "frame" in found:
            frames, shown = found["frame"], found["rows shown"]
            gaps = ", ".join(f"{frames[int(len(frames) * part)]:.1f}" for part in (0.5, 0.95, 0.99))
            rest = f"{statistics.median(shown):.0f}, {shown[-1]:.0f}"
            print(f"| {way} | {found['longest task'][-1]:.0f} | {gaps} | {rest} |")
        else:
            print(f"\n{way}: " + ", ".join(f"{value[0]:,.0f} {what}" for what, value in found.items()))


def pages(server: Server, conversations: int) -> None:
    """Prints how long Email/query and Email/get of 50 take, by place in the list."""
    sign_in = "Basic " + base64.b64encode(f"{server.user}:{server.password}".encode()).decode()
    print("\nthe server, a page of 50, median ms:", end="")
    for part in (0, 0.5, 1):
        position = int(part * (conversations - 50))
        calls = [[name, {"accountId": server.account, **arguments}, tag] for name, arguments, tag in CALLS]
        calls[0][1] |= {
            "position": position,
            "calculateTotal": True,
            "filter": {"inMailbox": inbox(server, sign_in)},
        }
        walls = []
        for _ in range(REQUESTS):
            started = time.perf_counter()
            answers = ask(server.url, sign_in, calls)
            walls.append(time.perf_counter() - started)
            assert len(answers[1][1]["list"]) == 50
        print(f" {statistics.median(walls) * 1000:.1f} at {position:,}", end="")
    print(flush=True)


def inbox(server: Server, sign_in: str) -> str:
    """The Inbox's id."""
    calls = [["Mailbox/query", {"accountId": server.account, "filter": {"role": "inbox"}}, "q"]]
    return str(ask(server.url, sign_in, calls)[0][1]["ids"][0])


def ask(url: str, sign_in: str, calls: list[list[object]]) -> list[list[dict[str, list[object]]]]:
    """One request; its answers."""
    using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"]
    body = json.dumps({"using": using, "methodCalls": calls}).encode()
    headers = {"Content-Type": "application/json", "Authorization": sign_in}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
        return json.load(answer)["methodResponses"]  # type: ignore[no-any-return]


def rest(server: Server) -> None:
    """Waits until the server has indexed what came in."""
    before = -1.0
    while (now := cpu_seconds(server.processes)) > before + 5 / TICK:
        before = now
        time.sleep(2)


def main(count: int, rounds: int) -> None:
    """Measures and prints."""
    with parvis((message(number) for number in range(count)), "$seen") as server:
        rest(server)
        pages(server, count // 4)
        asked = {"url": server.url.removesuffix("jmap/api"), "user": server.user, "password": server.password}
        samples = browse("scrolling.mjs", {**asked, "rounds": rounds})
    print(f"\n{count} messages, {rounds} rounds\n")
    table(samples)


if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:]]
    main(*(given + [100_000, 7][len(given) :]))

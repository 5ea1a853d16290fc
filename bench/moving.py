"""Moving an event in a month of many, in our client, in Chromium: python -m bench.moving [events [moves]]

An event is dragged from one day to another, as a hand does. Printed is, from the moment at which it is let go, when
the frame is painted in which it stands on its new day, and when the server has answered that it is kept."""

import base64
import datetime
import json
import statistics
import sys
import urllib.request
from typing import Any

from bench.client import browse
from bench.jmap import Server, parvis, rest

DAYS = 28
MONTH = datetime.date.today().replace(day=1)
USING = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:calendars"]


def ask(server: Server, name: str, **arguments: Any) -> dict[str, Any]:
    """One call; its answer."""
    sign_in = "Basic " + base64.b64encode(f"{server.user}:{server.password}".encode()).decode()
    body = {"using": USING, "methodCalls": [[name, {"accountId": server.account, **arguments}, "c"]]}
    headers = {"Content-Type": "application/json", "Authorization": sign_in}
    request = urllib.request.Request(server.url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        found: dict[str, Any] = json.load(answer)["methodResponses"][0][1]
        return found


def fill(server: Server, count: int) -> None:
    """Puts events into this month: on each day one at six in the morning, which is moved, and others after it."""
    (calendar,) = ask(server, "Calendar/get", ids=None)["list"]
    events = {}
    for number in range(count):
        day, hour = MONTH + datetime.timedelta(days=number % DAYS), 6 + number // DAYS
        events[f"e{number}"] = {
            "calendarIds": {calendar["id"]: True},
            "title": f"Moved {number}" if number < DAYS else f"Event {number}",
            "start": f"{day}T{hour:02}:{number % 4 * 15:02}:00",
            "timeZone": "Europe/Paris",
            "duration": "PT45M",
        }
    made = ask(server, "CalendarEvent/set", create=events)
    assert len(made["created"]) == count, made["notCreated"]


def main(count: int, moves: int) -> None:
    """Measures and prints."""
    with parvis([]) as server:
        fill(server, count)
        rest(server.processes)
        given = {"url": server.url.removesuffix("jmap/api"), "user": server.user, "password": server.password}
        samples = browse("moving.mjs", given | {"month": str(MONTH), "days": DAYS, "moves": moves})
    print(f"{count} events in the month, {moves} moves, from letting go, ms:\n")
    print("| | median | 95 % | longest |\n|---|---|---|---|")
    names = {"shown": "painted on its new day", "answered": "kept by the server", "cpu": "CPU of the page"}
    for what, name in names.items():
        found = sorted(one["value"] for one in samples if one["what"] == what)
        p95 = found[min(len(found) - 1, int(len(found) * 0.95))]
        print(f"| {name} | {statistics.median(found):.0f} | {p95:.0f} | {found[-1]:.0f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300, int(sys.argv[2]) if len(sys.argv) > 2 else 100)

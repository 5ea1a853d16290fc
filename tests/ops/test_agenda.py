"""The agendas of the demo, and events that the command line imports."""

import argparse

import pytest

from parvis import calendar
from parvis.calendar import approval
from parvis.kernel import clock
from parvis.kernel.egress import Egress
from parvis.kernel.errors import Invalid
from parvis.ops import people
from parvis.ops.commands import imports
from parvis.ops.demo import agenda, scenario
from parvis.ops.demo.dates import Calendar
from parvis.serve.context import Context
from tests.wire.ical.texts import event, text


@pytest.fixture
def rooms() -> list[str]:
    return ["store", "access", "serve", "calendar"]


@pytest.fixture
def features(store, settings) -> list:
    return [calendar.feature(Context(settings, store, Egress([])))]


async def test_the_demo_has_agendas_once_and_invitations_arrive(store, features) -> None:
    everybody = scenario.organisation()
    principals = {
        each.key: await people.create(store, features, kind, each.name, each.address, language=each.language)
        for kind, those in (("person", everybody.accounts), ("resource", everybody.rooms.values()))
        for each in those
    }
    for room in everybody.rooms.values():
        decides = [principals[room.decides].id] if room.decides else []
        await store.write(lambda unit, room=room, who=decides: approval.choose(unit, principals[room.key].id, who))
    dates = Calendar(clock.now_ms())
    assert await agenda.write(store, principals, dates) == 20
    assert await agenda.write(store, principals, dates) == 0
    for kind, handler in features[0].jobs.items():
        store.jobs.handle(kind, handler)
    while await store.jobs.claim_due():
        await store.jobs.idle()
    owner = principals["huong"].id
    titles = {row[0] for row in await store.db.rows("SELECT title FROM calendar_event WHERE account_id = ?", owner)}
    assert {"Comité de pilotage Deux Rives", "Họp điều phối hợp tác quốc tế", "Hội đồng khoa học"} <= titles
    kept = await store.db.rows(
        """SELECT p.name, e.title, o.data FROM calendar_event e JOIN principal p ON p.id = e.account_id
        JOIN calendar_object o ON o.event_id = e.id WHERE p.kind = 'resource'"""
    )
    said = {(name, title): bytes(data).replace(b"\r\n ", b"") for name, title, data in kept}
    assert (
        b"PARTSTAT=TENTATIVE" in said["Salle du Conseil", "Comité de pilotage Deux Rives"]
    )  # until Hélène decides
    assert b"PARTSTAT=TENTATIVE" not in said["Salle du Conseil", "Conseil des relations internationales"]
    assert len(said) == 3
    names = {row[0] for row in await store.db.rows("SELECT name FROM scope WHERE kind = 'calendar'")}
    assert names == {"Agenda", "Lịch", "Calendar"}


async def test_a_file_is_imported(store, settings, features, tmp_path, capsys) -> None:
    await people.create(store, features, "person", "Ann", "ann@example.org")

    class Program:
        context = Context(settings, store, Egress([]))

        async def stop(self) -> None: ...

    async def opener(_):
        return Program()

    file = tmp_path / "old.ics"
    file.write_bytes(text(*event("DTSTART:20260105T100000Z"), *event(kind="VTODO", uid="task")))
    args = argparse.Namespace(data=str(tmp_path), address="ann@example.org", source=str(file))
    assert await imports.run(args, opener) == 0
    assert "1 events imported, 1 were" in capsys.readouterr().out
    file.write_bytes(text(*event("DTSTART:yesterday")))
    with pytest.raises(Invalid, match="Line 7"):
        await imports.run(args, opener)

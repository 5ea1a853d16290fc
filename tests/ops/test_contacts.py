"""Contacts of the demo, and those that the command line imports."""

import argparse

import pytest

from parvis import contacts as room
from parvis.contacts import duplicates
from parvis.kernel.egress import Egress
from parvis.kernel.errors import Invalid
from parvis.ops import people
from parvis.ops.commands import imports
from parvis.ops.demo import contacts, scenario
from parvis.serve.context import Context
from tests.wire.vcard.samples import SAMPLES


@pytest.fixture
def rooms() -> list[str]:
    return ["store", "access", "serve", "contacts"]


@pytest.fixture
def features(store, settings) -> list:
    return [room.feature(Context(settings, store, Egress([])))]


async def test_the_demo_has_contacts_once(store, features) -> None:
    principals = {
        person.key: await people.create(
            store, features, "person", person.name, person.address, language=person.language
        )
        for person in scenario.organisation().accounts
    }
    assert await contacts.write(store, principals) == 16
    assert await contacts.write(store, principals) == 0
    camille = principals["camille"]
    found = await duplicates.find(store, camille, camille.id, 10)
    assert [(len(each.cards), each.reasons) for each in found] == [(2, {"phone"})]


async def test_a_file_is_imported(store, settings, features, tmp_path, capsys) -> None:
    await people.create(store, features, "person", "Ann", "ann@example.org")

    class Program:
        context = Context(settings, store, Egress([]))

        async def stop(self) -> None: ...

    async def opener(_):
        return Program()

    file = tmp_path / "people.vcf"
    file.write_bytes(b"".join(SAMPLES.values()))
    given = argparse.Namespace(address="ann@example.org", source=str(file), data=str(tmp_path), under="")
    for said in ("8 contacts imported, 0 were there already", "0 contacts imported, 8 were there already"):
        assert await imports.run(given, opener) == 0
        assert capsys.readouterr().out.strip() == said
    file.write_bytes(SAMPLES["apple"] + b"BEGIN:VCARD\r\nnonsense\r\n")
    with pytest.raises(Invalid, match=f"Line {SAMPLES['apple'].count(bytes([10])) + 2}"):
        await imports.run(given, opener)

"""Two people at one board: what one does, the other hears of at once. K8"""

import asyncio
import json

import pytest

from tests.tasks.test_jmap import WRITE, share


class Ear:
    """An open event stream."""

    def __init__(self, client) -> None:
        self.client, self.heard = client, []

    async def __aenter__(self):
        self.task = asyncio.create_task(self._listen())
        await asyncio.sleep(0.5)
        return self

    async def _listen(self) -> None:
        async with self.client.stream("GET", "/jmap/events?types=*&closeafter=no&ping=0") as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data: ") and "changed" in line:
                    self.heard.append(json.loads(line[6:])["changed"])

    async def until(self, account: str, kind: str) -> str:
        async with asyncio.timeout(10):
            while True:
                for changed in self.heard:
                    if kind in changed.get(account, {}):
                        return changed[account][kind]
                await asyncio.sleep(0.02)

    async def __aexit__(self, *error) -> None:
        self.task.cancel()


@pytest.fixture
async def ann(open_dav):
    return await open_dav("ann")


@pytest.fixture
async def bob(open_dav):
    return await open_dav("bob")


async def test_a_move_on_a_shared_board_is_heard_by_the_other(ann, bob) -> None:
    first, account = await ann.jmap.first(), ann.jmap.account
    hidden = (await ann.jmap("TaskList/set", create={"l": {"name": "Hidden"}}))["created"]["l"]["id"]
    number, secret = await ann.jmap.add("Paint"), await ann.jmap.add("Secret", where=hidden)
    await share(ann.jmap, first, bob.jmap, WRITE)
    state = (await bob.jmap("Task/get", accountId=account, ids=[]))["state"]
    async with Ear(bob) as his, Ear(ann) as hers:
        await ann.jmap.change(secret, title="Still secret")
        await asyncio.sleep(0.4)
        assert not [each for each in his.heard if account in each]
        await ann.jmap.change(number, workflowStatus="in-process", position="i")
        told = await his.until(account, "Task")
        assert told == (await bob.jmap("Task/get", accountId=account, ids=[]))["state"] != state
        heard = await bob.jmap("Task/changes", accountId=account, sinceState=state)
        assert heard["updated"] == [number] and heard["newState"] == told
        await bob.jmap.change(number, account=account, assigneeIds={bob.jmap.account: True})
        await hers.until(account, "TaskNotification")
        await ann.ask("PUT", ann.home + "tasks/new.ics", b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTODO\r\nUID:n\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:By CalDAV\r\nEND:VTODO\r\nEND:VCALENDAR\r\n")  # fmt: skip
        heard = await bob.jmap("Task/changes", accountId=account, sinceState=told)
        assert len(heard["created"]) == 1

"""The files of people and spaces of the demo: the folders of scenario/files.json, filled with the attachments of
its mail, each once."""

from collections.abc import Mapping
from functools import partial

import msgspec

from parvis.access.principal import Principal
from parvis.files import service
from parvis.files.model import Content
from parvis.files.store import child
from parvis.ops.demo.letters import Post
from parvis.ops.demo.scenario import FOLDER
from parvis.store.store import Store
from parvis.store.unit import Unit

Folders = dict[str, dict[str, list[str]]]
"""Who has which folder with which files; "" is the top."""


async def write(store: Store, principals: Mapping[str, Principal], post: Post) -> int:
    """Puts folders and files in; those that are there stay. Returns how many came."""
    owners = msgspec.json.decode((FOLDER / "files.json").read_bytes(), type=Folders)
    new = 0
    for key, folders in owners.items():
        for folder, names in folders.items():
            contents = {name: await _content(store, post, name) for name in names}
            new += await store.write(partial(_fill, principals[key], folder, contents))
    return new


async def _content(store: Store, post: Post, name: str) -> Content:
    made = post.file(name)
    return Content(await store.blobs.put(made.content), len(made.content), made.media_type)


async def _fill(owner: Principal, folder: str, contents: Mapping[str, Content], unit: Unit) -> int:
    top, new = await service.place(unit, owner, owner.id, 0), 0
    where = top
    if folder:
        there = await child(unit, owner.id, 0, folder) or await service.add(unit, owner, top, folder, None)
        where = await service.place(unit, owner, owner.id, there.id)
    for name, content in contents.items():
        if await child(unit, owner.id, where.id, name) is None:
            await service.add(unit, owner, where, name, content)
            new += 1
    return new

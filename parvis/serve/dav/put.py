"""PUT, and POST to a collection that names the new member itself. RFC 4918 §9.7, RFC 5995 §3.1, §5,
RFC 4791 §5.3.2, RFC 6352 §6.3.2"""

import re
from dataclasses import replace
from typing import Any

from parvis.kernel import ids
from parvis.serve.dav import conditions
from parvis.serve.dav.ask import Ask, readable
from parvis.serve.dav.get import ALLOWED
from parvis.serve.dav.refused import Refused
from parvis.serve.dav.resource import Path, Resource
from parvis.serve.dav.tree import Posted, Put, Reader, Tree, Upload
from parvis.serve.dav.uploads import Uploads
from parvis.serve.http.exchange import Response
from parvis.store.blobs import small
from parvis.store.blobs.contract import Step
from parvis.store.unit import Unit

_SECONDS = re.compile(r"(\d{1,11})(?:\.\d{1,9})?")
_SUFFIX = {"calendar": ".ics", "addressbook": ".vcf"}


async def run(ask: Ask, uploads: Uploads) -> Response:
    """PUT."""
    if ask.header("content-range") is not None:  # RFC 9110 §14.5
        raise Refused(400, "a part of a resource cannot be put")
    return await _put(ask, uploads, ask.path)


async def post(ask: Ask, uploads: Uploads) -> Response:
    """POST: what a tree makes of it, or a new member of a collection. RFC 5995"""
    found = await ask.find(ask.store.db, ask.path)
    if found is None or found.tree is None or found.node is None:
        raise Refused(405, "nothing can be posted here", allow=ALLOWED)
    tree, node = found.tree, found.node
    if "add-member" in ask.request.query:
        readable(node)
        if not node.collection:
            raise Refused(405, "only a collection takes members", allow=ALLOWED)
        path = (*ask.path, ids.text(ids.new_id()) + _SUFFIX.get(node.shape, ""))
        response = await _put(ask, uploads, path)
        response.headers.append(("location", ask.base.href(path)))
        return response
    content = await ask.request.body(max(tree.largest, tree.largest_post))
    upload = Upload(media_type=ask.header("content-type") or "", size=len(content), content=content)
    posted: Posted | None = await tree.post(ask.who, node, ask.request.headers, ask.request.query, upload)
    if posted is None:
        raise Refused(405, "nothing can be posted here", allow=ALLOWED)
    return Response(posted.status, posted.body, [("content-type", posted.media_type), *posted.headers])


async def parent_of(ask: Ask, db: Reader, path: Path) -> Resource:
    """The collection that a new thing goes into. Raises Refused: 409 when there is none, 403 when it takes nothing
    of this kind."""
    found = await ask.find(db, path[:-1]) if path else None
    if found is None:
        raise Refused(409, "the collection around it is not there")
    if found.tree is None or found.node is None:
        raise Refused(403, "nothing can be made here")
    readable(found.node)
    if not found.node.collection:
        raise Refused(409, "what is around it is no collection")
    return found


async def _put(ask: Ask, uploads: Uploads, path: Path) -> Response:
    if (sure := _in_one_go(ask, path)) is not None:
        upload, step = await uploads.take(ask, sure)
        return await _kept(ask, sure, path, told(ask, upload), step)
    parent = await parent_of(ask, ask.store.db, path)
    tree, around = parent.of_tree()
    if around.shape == "home" and tree.depth == "one":
        raise Refused(403, "only collections are here")
    await _worth(ask, tree, path)
    upload, step = await uploads.take(ask, tree)
    if tree.keeps == "blob":
        return await _kept(ask, tree, path, told(ask, upload), step)
    tagged = "if-schedule-tag-match" in ask.request.headers and "if-match" not in ask.request.headers
    upload = replace(upload, on_schedule_tag=tagged)
    return await _kept(ask, tree, path, upload, step, await tree.draft(ask.who, around, path[-1], upload))


def _in_one_go(ask: Ask, path: Path) -> Tree | None:
    """The tree of a small body that is kept as it comes: nothing is asked about its place before it has come, all
    in the unit, so that the way there is walked once. Whoever waits to be told to send it is asked first."""
    trees = ask.trees.of(path[0]) if len(path) > 2 else ()
    length = ask.header("content-length") or ""
    if len(trees) != 1 or trees[0].keeps != "blob" or ask.header("expect") is not None:
        return None
    return trees[0] if length.isdecimal() and int(length) <= small.LARGEST else None


async def _kept(ask: Ask, tree: Tree, path: Path, upload: Upload, step: Step, draft: Any = None) -> Response:
    made, created = await ask.write(lambda unit: placed(ask, unit, path, upload, step, draft))
    return answered(tree, upload, made, created=created)


def answered(tree: Tree, upload: Upload, made: Put, *, created: bool) -> Response:
    """The answer when a body was put."""
    sent = [("etag", f'"{made.etag}"')] if made.etag else []
    if made.schedule_tag:
        sent.append(("schedule-tag", f'"{made.schedule_tag}"'))
    if upload.modified_ms is not None:
        sent.append(("x-oc-mtime", "accepted"))
    return Response(201 if created else 204, b"", [*sent, *tree.headers(made.id)])


def told(ask: Ask, upload: Upload) -> Upload:
    """A body with what the client says of it in the headers of ownCloud."""
    return replace(upload, modified_ms=_modified(ask), checksum=ask.header("oc-checksum") or "")


def _modified(ask: Ask) -> int | None:
    """X-OC-Mtime in seconds; what is no number is not heard."""
    match = _SECONDS.fullmatch(ask.header("x-oc-mtime") or "")
    return int(match[1]) * 1000 if match else None


async def _worth(ask: Ask, tree: Tree, path: Path) -> None:
    """Conditions that do not hold before a large body is taken; they are asked again when it has come."""
    if tree.keeps == "blob" and ("if-match" in ask.request.headers or "if-none-match" in ask.request.headers):
        old = await ask.find(ask.store.db, path)
        conditions.tags(ask, old.node if old else None)


async def placed(
    ask: Ask, unit: Unit, path: Path, upload: Upload, step: Step, draft: Any, *, checked: bool = False
) -> tuple[Put, bool]:
    """Puts a body at a path, within the unit; whether it is new there. Without `checked` conditions and locks are
    asked."""
    parent = await parent_of(ask, unit, path)
    tree, around = parent.of_tree()
    old = await ask.member(unit, parent, path[-1])
    if old is not None and old.collection:
        raise Refused(405, "a collection is there", allow=ALLOWED)
    place = conditions.below(parent, path[-1]) if tree.lockable else None
    if not checked:
        await conditions.check(ask, unit, old, place)
        await conditions.unlocked(ask, unit, place, membership=old is None)
    await step(unit)
    made = await tree.put(unit, ask.who, around, path[-1], old.node if old else None, upload, draft)
    return made, old is None

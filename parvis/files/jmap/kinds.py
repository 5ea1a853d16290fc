"""The kinds and methods of files as the JMAP engine takes them."""

from collections.abc import Sequence
from typing import Any

from parvis.access import visibility
from parvis.access.gate import Access
from parvis.access.principal import Right
from parvis.files import trash
from parvis.files.jmap import comment, node, node_query, node_set, version
from parvis.files.links import jmap as links
from parvis.files.model import (
    DEPTH,
    FILENODE,
    FORBIDDEN_CHARACTERS,
    FORBIDDEN_NAMES,
    KIND,
    NAME_BYTES,
    PARVIS_FILES,
    SCOPE,
    FileNode,
)
from parvis.kernel import ids
from parvis.kernel.errors import ParvisError
from parvis.serve.feature import Capability
from parvis.serve.jmap.call import Call, Result
from parvis.serve.jmap.errors import MethodError, of_object
from parvis.serve.jmap.kind import Kind, Method
from parvis.serve.jmap.types import Arguments, Object
from parvis.store.unit import Unit

FILE_NODE = Kind(
    record=FileNode,
    scope=SCOPE,
    parts=True,
    read=node.read,
    create=node_set.create,
    update=node_set.update,
    destroy=node_set.destroy,
    copy=node_set.copy,
    prepare=node_set.prepare,
    query=node_query.query,
    page=node_query.page,
    condition=node_query.FileNodeCondition,
    sorts=node_query.SORTS,
    get_arguments=node.FileNodeGetArguments,
    set_arguments=node_set.FileNodeSetArguments,
    copy_arguments=node_set.FileNodeCopyArguments,
    query_arguments=node_query.FileNodeQueryArguments,
    query_changes_arguments=node_query.FileNodeQueryChangesArguments,
    rights=node_set.RIGHTS_NEEDED,
    first=visibility.turn,
    first_when=node_set.moves_shares,
)
KINDS = (FILE_NODE, version.VERSION_KIND, links.LINK_KIND, comment.COMMENT_KIND)


class RestoreArguments(Arguments):
    """FileNode/restore"""

    account_id: str
    ids: list[str]


async def restore(call: Call) -> Result:
    """Brings things back from the trash to where they were. Each is a unit of its own."""
    given = dict.fromkeys(call.arguments.ids)
    if len(given) > call.context.settings.limits.objects_in_set:
        raise MethodError("requestTooLarge", "too many objects")
    restored: dict[str, Object] = {}
    failed: dict[str, Object] = {}
    for key in given:
        number = call.number(key)
        try:
            folder, name = await call.context.store.write(lambda unit, n=number or 0: _restore(call, unit, n))  # type: ignore[misc]
            restored[key] = {"parentId": ids.text(folder) if folder else None, "name": name}
        except ParvisError as error:
            if (found := of_object(error)) is None:
                raise
            failed[key] = found.arguments()
    return {
        "accountId": ids.text(call.account_id),
        "restored": restored or None,
        "notRestored": failed or None,
    }


async def _restore(call: Call, unit: Unit, number: int) -> tuple[int, str]:
    return await trash.restore(unit, call.principal, call.account_id, number)


METHODS = (
    Method(name=f"{KIND}/restore", capability=PARVIS_FILES, arguments=RestoreArguments, run=restore, scope=SCOPE),
    *version.METHODS,
    *links.METHODS,
)


def _account(_: Access) -> dict[str, Any]:
    """draft-ietf-jmap-filenode §2.1"""
    return {
        "maxFileNodeDepth": DEPTH,
        "maxSizeFileNodeName": NAME_BYTES,
        "forbiddenNameChars": FORBIDDEN_CHARACTERS,
        "forbiddenNodeNames": list(FORBIDDEN_NAMES),
        "fileNodeQuerySortOptions": sorted(node_query.SORTS),
        "caseInsensitiveNames": False,
        "webTrashUrl": None,
        "webUrlTemplate": None,
        "webWriteUrlTemplate": None,
    }


def _top(seen: Sequence[Access]) -> dict[str, Any]:
    """Who writes in the whole tree, which is the part without a name, as members of a space do, puts things at its
    top. draft-ietf-jmap-filenode §2.1"""
    writes = any(Right.WRITE in access.rights for access in seen if not access.scope.name)
    return {"mayCreateTopLevelFileNode": writes}


CAPABILITIES = (
    Capability(FILENODE, SCOPE, account=_account, parts=_top),
    Capability(PARVIS_FILES, SCOPE),
)

"""Rights in the words of access control, to be read: who owns a thing and what may be done with it. RFC 3744

Rights are given and withdrawn as shares (JMAP, the web client), never by the method ACL."""

from parvis.access.gate import Access
from parvis.access.principal import Principal, Right
from parvis.kernel import ids
from parvis.serve.dav.resource import Base, Path
from parvis.serve.dav.tree import href as path_of
from parvis.wire.dav import xml
from parvis.wire.dav.names import caldav, dav

_BY_RIGHT: tuple[tuple[Right, tuple[str, ...]], ...] = (
    (Right.READ, (dav("read"), dav("read-current-user-privilege-set"))),
    (Right.FREE_BUSY, (caldav("read-free-busy"),)),
    (Right.WRITE, (dav("write-content"), dav("write-properties"), dav("bind"), dav("unlock"))),
    (Right.DELETE, (dav("unbind"),)),
    (Right.SHARE, (dav("read-acl"),)),
)
_WRITE = Right.WRITE | Right.DELETE
_NEEDED = {
    "PUT": "write-content",
    "PROPPATCH": "write-properties",
    "LOCK": "write-content",
    "MKCOL": "bind",
    "MKCALENDAR": "bind",
    "DELETE": "unbind",
    "COPY": "",
    "MOVE": "",
}
"""What a method needs most often; of COPY and MOVE either side may have refused."""
_SUPPORTED = (
    "<D:supported-privilege><D:privilege><D:all/></D:privilege><D:description>Any operation</D:description>"
    "<D:supported-privilege><D:privilege><D:read/></D:privilege><D:description>Read</D:description>"
    "<D:supported-privilege><D:privilege><C:read-free-busy/></D:privilege>"
    "<D:description>Read when somebody is busy</D:description></D:supported-privilege>"
    "<D:supported-privilege><D:privilege><D:read-current-user-privilege-set/></D:privilege>"
    "<D:description>Read one's own rights</D:description></D:supported-privilege></D:supported-privilege>"
    "<D:supported-privilege><D:privilege><D:write/></D:privilege><D:description>Write</D:description>"
    + "".join(
        f"<D:supported-privilege><D:privilege><D:{name}/></D:privilege><D:description>{words}</D:description>"
        "</D:supported-privilege>"
        for name, words in (
            ("write-content", "Change a resource"),
            ("write-properties", "Change properties"),
            ("bind", "Add members"),
            ("unbind", "Remove members"),
            ("unlock", "Remove a lock"),
        )
    )
    + "</D:supported-privilege><D:supported-privilege><D:privilege><D:read-acl/></D:privilege>"
    "<D:description>Read who has rights</D:description></D:supported-privilege></D:supported-privilege>"
)


def privileges(access: Access | None) -> list[str]:
    """What who asks may do, by name; None is with what is no node. RFC 3744 §3, RFC 4791 §6.1"""
    if access is None:
        return [dav("read"), dav("read-current-user-privilege-set")]
    found = [name for right, names in _BY_RIGHT if right in access.rights for name in names]
    if _WRITE & access.rights == _WRITE:
        found.insert(0, dav("write"))
    if access.owner:
        found.insert(0, dav("all"))
    return found


def _listed(names: list[str]) -> str:
    return "".join(f"<D:privilege>{xml.empty(name)}</D:privilege>" for name in names)


def current(access: Access | None) -> str:
    """DAV:current-user-privilege-set. RFC 3744 §5.5"""
    return _listed(privileges(access))


def supported() -> str:
    """DAV:supported-privilege-set. RFC 3744 §5.3"""
    return _SUPPORTED


def lacking(method: str, path: Path, there: bool, base: Base) -> str:
    """DAV:need-privileges: what who asks would have needed, and on which resource. DAVx5 takes what it was refused
    for this back, and reports any other refusal as a fault. RFC 3744 §7.1.1"""
    name = _NEEDED.get(method, "read")
    if method == "PUT" and not there:
        name = "bind"
    if not name or not path:
        return xml.empty(dav("need-privileges"))
    around = name in ("bind", "unbind")
    where = xml.href(base.href(path[:-1], collection=True) if around else base.href(path))
    return xml.wrapped(
        dav("need-privileges"), f"<D:resource>{where}<D:privilege><D:{name}/></D:privilege></D:resource>"
    )


def acl(access: Access | None, who: Principal) -> str:
    """DAV:acl, as much of it as concerns who asks: the owner has everything, and they what they have.
    RFC 3744 §5.5"""
    if access is None:
        return ""
    owner = (
        "<D:ace><D:principal><D:property><D:owner/></D:property></D:principal>"
        "<D:grant><D:privilege><D:all/></D:privilege></D:grant><D:protected/></D:ace>"
    )
    if access.owner:
        return owner
    mine = f"<D:ace><D:principal>{principal_href(who.id)}</D:principal><D:grant>{current(access)}</D:grant>"
    return f"{owner}{mine}<D:protected/></D:ace>"


def principal_href(account_id: int) -> str:
    """The DAV:href of somebody's principal resource."""
    return xml.href(path_of("principals", ids.text(account_id), collection=True))

"""What the members of a space may do in all that the space has, by their role; no grant is needed for it."""

from typing import Literal

from parvis.access.principal import Right

Role = Literal["manager", "member", "guest"]
ROLES: tuple[Role, ...] = ("manager", "member", "guest")
_READER = Right.READ | Right.FREE_BUSY
RIGHTS: dict[Role, Right] = {
    "manager": Right.owner(),
    "member": Right.owner() & ~(Right.SHARE | Right.SEND_AS),
    "guest": _READER,
}
"""Each set holds the next, so that the largest number of several is all of them together."""


def rights_sql(role: str, archived_ms: str) -> str:
    """The rights of a role in a space as an SQL expression over two columns. An archived one is only read."""
    manager, member, guest = (int(RIGHTS[each]) for each in ROLES)
    return (
        f"CASE WHEN {archived_ms} IS NOT NULL THEN {guest} WHEN {role} = 'manager' THEN {manager} "
        f"WHEN {role} = 'guest' THEN {guest} ELSE {member} END"
    )


def rights_of(role: str, *, archived: bool) -> Right:
    """The same computed here; what is no role of a space counts as a member."""
    if archived or role == "guest":
        return _READER
    return RIGHTS["manager"] if role == "manager" else RIGHTS["member"]

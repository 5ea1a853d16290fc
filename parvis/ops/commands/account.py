"""`parvis account`: people, groups and spaces."""

import argparse
import getpass
import sys
from datetime import UTC, datetime

from parvis.access import accounts, directory, erasure, gate, passwords, sessions
from parvis.access.principal import Principal, Right
from parvis.calendar import approval
from parvis.kernel import clock, ids, settings
from parvis.kernel.errors import Invalid, NotFound
from parvis.kernel.languages import LANGUAGES
from parvis.ops import people
from parvis.ops.commands.texts import Texts
from parvis.ops.program import Opener, Program
from parvis.store.unit import Unit

_DAY_MS = 86_400_000
_RIGHTS = {right.name.lower().replace("_", "-"): right for right in Right if right.name}


def add(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declares the arguments."""
    acts = parser.add_subparsers(dest="act", required=True)
    new = acts.add_parser("add", help="address --name NAME [--language fr] [--kind person|group|space] [--admin]")
    new.add_argument("address")
    new.add_argument("--name", required=True)
    new.add_argument("--language", choices=LANGUAGES, default=texts.language)
    new.add_argument("--kind", choices=("person", "group", "space", "resource"), default="person")
    new.add_argument("--admin", action="store_true")
    new.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    acts.add_parser("list", help="everyone, with kind, language and addresses")
    word = acts.add_parser("password", help="set a new password")
    word.add_argument("address")
    word.add_argument("--password-stdin", action="store_true")
    off = acts.add_parser("disable", help="nothing is open and no mail comes in; everything is kept")
    off.add_argument("address")
    on = acts.add_parser("enable", aliases=["restore"], help="the opposite; before its day, takes `delete` back")
    on.add_argument("address")
    gone = acts.add_parser("delete", help="disable, and erase everything after --days; then it cannot be undone")
    gone.add_argument("address")
    gone.add_argument("--days", type=int, default=30, help="how long `restore` takes it back (30; 0: a minute)")
    group = acts.add_parser("group", help="GROUP --add MEMBER --remove MEMBER")
    group.add_argument("address")
    group.add_argument("--add", action="append", default=[], metavar="MEMBER")
    group.add_argument("--remove", action="append", default=[], metavar="MEMBER")
    room = acts.add_parser("approvers", help="RESOURCE --add PERSON --remove PERSON: who decides about it")
    room.add_argument("address")
    room.add_argument("--add", action="append", default=[], metavar="PERSON")
    room.add_argument("--remove", action="append", default=[], metavar="PERSON")
    grant = acts.add_parser("grant", help="OWNER READER read,write [--until 2027-06-30]; `none` withdraws")
    grant.add_argument("owner")
    grant.add_argument("reader")
    grant.add_argument("rights", help=f"`none`, or some of {','.join(_RIGHTS)}")
    grant.add_argument("--kind", default="mail")
    grant.add_argument("--until", metavar="DATE")


async def run(args: argparse.Namespace, opener: Opener) -> int:
    """Carries out one act. Raises ParvisError."""
    program = await opener(settings.load(args.data))
    acts = {
        "add": _add,
        "list": _list,
        "password": _password,
        "disable": _disable,
        "enable": _enable,
        "restore": _enable,
        "delete": _delete,
        "group": _group,
        "approvers": _approvers,
        "grant": _grant,
    }
    try:
        await acts[args.act](args, program)
    finally:
        await program.stop()
    return 0


def _secret(args: argparse.Namespace) -> tuple[str, bool]:
    """The password, and whether it was made here."""
    if args.password_stdin:
        return sys.stdin.readline().rstrip("\n"), False
    if sys.stdin.isatty():
        typed = getpass.getpass("password (empty for a new one): ")
        if typed:
            return typed, False
    return ids.token(15), True


async def _add(args: argparse.Namespace, program: Program) -> None:
    password, made = _secret(args) if args.kind == "person" else (None, False)
    who = await people.create(
        program.context.store,
        program.features,
        args.kind,
        args.name,
        args.address,
        language=args.language,
        administrator=args.admin,
        password=password,
    )
    print(f"{who.address}: {who.kind} {who.name}" + (f", password {password}" if made else ""))


async def _list(args: argparse.Namespace, program: Program) -> None:
    db = program.context.store.db
    for who in await directory.everyone(db, ("person", "group", "space", "resource", "agent")):
        addresses = ", ".join(await directory.addresses(db, who.id)) or "-"
        mark = " *" if who.administrator else ""
        print(f"{who.kind:8} {who.language}  {who.name}{mark}  {addresses}")


async def _password(args: argparse.Namespace, program: Program) -> None:
    store = program.context.store
    who = await people.find(store, args.address)
    password, made = _secret(args)
    await passwords.change(store, who.id, password)
    await sessions.end_by_password(store, who.id)
    print(f"{who.address}: the password is changed" + (f" to {password}" if made else ""))


async def _disable(args: argparse.Namespace, program: Program) -> None:
    store = program.context.store
    await accounts.disable(store, (await people.find(store, args.address)).id)
    print(f"{args.address}: disabled; what they held open is closed, what they have is kept")


async def _enable(args: argparse.Namespace, program: Program) -> None:
    await accounts.enable(program.context.store, await _number(args, program))
    print(f"{args.address}: enabled")


async def _number(args: argparse.Namespace, program: Program) -> int:
    """The principal of an address, disabled or not."""
    number = await program.context.store.db.value(
        "SELECT principal_id FROM address WHERE address = ?", directory.normal(args.address)
    )
    if number is None:
        raise NotFound(f"nobody has the address {args.address}")
    return int(number)


async def _delete(args: argparse.Namespace, program: Program) -> None:
    if args.days < 0:
        raise Invalid("--days is 0 or more")
    begins = await erasure.schedule(program.context.store, await _number(args, program), args.days * _DAY_MS)
    print(f"{args.address}: disabled, and erased on {clock.utc_date(begins)}. THAT CANNOT BE UNDONE.")
    print(f"Until then `parvis account restore {args.address}` takes it back.")


async def _group(args: argparse.Namespace, program: Program) -> None:
    store = program.context.store
    group = await people.find(store, args.address)
    if group.kind not in ("group", "space"):
        raise Invalid(f"{args.address} is no group")
    joining = [await people.find(store, member) for member in args.add]
    leaving = [await people.find(store, member) for member in args.remove]

    async def work(unit: Unit) -> None:
        for member in joining:
            await directory.join(unit, group.id, member.id)
        for member in leaving:
            await directory.leave(unit, group.id, member.id)

    await store.write(work)
    rows = await store.db.rows(
        "SELECT p.name FROM membership m JOIN principal p ON p.id = m.member_id WHERE m.group_id = ? ORDER BY 1",
        group.id,
    )
    print(f"{group.name}: {', '.join(row[0] for row in rows) or 'nobody'}")


async def _approvers(args: argparse.Namespace, program: Program) -> None:
    store = program.context.store
    resource = await people.find(store, args.address)
    added = [(await people.find(store, each)).id for each in args.add]
    removed = {(await people.find(store, each)).id for each in args.remove}

    async def work(unit: Unit) -> list[int]:
        chosen = [*await approval.approvers(unit, resource.id), *added]
        await approval.choose(unit, resource.id, [each for each in chosen if each not in removed])
        return await approval.approvers(unit, resource.id)

    chosen = await store.write(work) if added or removed else await approval.approvers(store.db, resource.id)
    names = [(await directory.by_id(store.db, each)).name for each in chosen]
    print(f"{resource.name}: {', '.join(sorted(names)) or 'nobody decides; it answers by itself'}")


async def _grant(args: argparse.Namespace, program: Program) -> None:
    store = program.context.store
    owner, reader = await people.find(store, args.owner), await people.find(store, args.reader)
    scope = (await gate.require(store.db, owner, owner.id, args.kind)).scope
    rights = _rights(args.rights)
    if rights:
        until = _moment(args.until) if args.until else None
        await store.write(lambda unit: gate.give(unit, owner, scope.id, reader.id, rights, until))
        print(f"{reader.name} may {args.rights} in the {args.kind} of {owner.name}")
        return
    await _withdraw(program, owner, reader, scope.id)
    print(f"{reader.name} sees nothing more of the {args.kind} of {owner.name} by this grant")


async def _withdraw(program: Program, owner: Principal, reader: Principal, scope_id: int) -> None:
    store = program.context.store
    grant = await store.db.value(
        "SELECT id FROM access_grant WHERE scope_id = ? AND principal_id = ?", scope_id, reader.id
    )
    if grant is None:
        raise NotFound("there is no such grant")
    await store.write(lambda unit: gate.withdraw(unit, owner, grant))


def _rights(text: str) -> Right:
    found = Right(0)
    for word in text.split(",") if text != "none" else []:
        if word not in _RIGHTS:
            raise Invalid(f"{word!r} is no right; there are {', '.join(_RIGHTS)}")
        found |= _RIGHTS[word]
    return found


def _moment(text: str) -> int:
    try:
        return clock.to_ms(datetime.fromisoformat(text).replace(tzinfo=UTC))
    except ValueError as error:
        raise Invalid(f"{text!r} is no date like 2027-06-30") from error

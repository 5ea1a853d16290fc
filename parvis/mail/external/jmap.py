"""ExternalAccount in JMAP, a capability of our own: accounts that people have at other providers. Each person sees
theirs only. Nothing is kept before both servers have let the person in."""

from collections.abc import Sequence
from typing import Any

from parvis.access import visibility
from parvis.access.directory import normal
from parvis.access.principal import Right
from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, EgressRefused, Invalid, NotFound, Unauthenticated, Unavailable
from parvis.kernel.languages import LANGUAGES, Language
from parvis.mail.external import service, store, words
from parvis.mail.external.model import EXTERNAL, Account, ExternalAccount, Server, text_of
from parvis.mail.external.service import Sealed
from parvis.serve.jmap.call import Call, Result
from parvis.serve.jmap.errors import MethodError, SetError, invalid_properties
from parvis.serve.jmap.kind import OWN, Copying, Created, Creation, Kind, Method, Update
from parvis.serve.jmap.types import Arguments, Object
from parvis.store.unit import Unit

_MOST = 20


class DiscoverArguments(Arguments):
    """The address whose servers are looked for."""

    account_id: str
    address: str


def _language(call: Call) -> Language:
    return next((each for each in LANGUAGES if each == call.principal.language), "en")


async def _read(call: Call, wanted: Sequence[int] | None, _: frozenset[str]) -> list[Object]:
    language = _language(call)
    found = await store.of_owner(call.db, call.account_id)
    return [_shown(each, language) for each in found if wanted is None or each.id in wanted]


def _shown(account: Account, language: Language) -> Object:
    state = "paused" if account.paused else account.state
    return {
        "id": ids.text(account.id),
        "name": account.name,
        "address": account.address,
        "imap": account.imap,
        "smtp": account.smtp,
        "accountId": ids.text(account.id),
        "state": state,
        "sentence": words.sentence(state, account.imap.host, language),
        "done": account.done,
        "total": account.total,
        "syncedAt": None if account.synced_ms is None else clock.utc_date(account.synced_ms),
        "paused": account.paused,
    }


async def _prepare(call: Call, wanted: Creation | Update | Copying) -> Sealed:
    """Signs in at the servers of a new account, and seals the passwords. Raises SetError, Unavailable."""
    values, sealer = wanted.values, call.context.store.sealer
    if isinstance(wanted, Creation):
        await _check(call, values)
        return await service.seal(sealer, values["password"], values["smtpPassword"])
    given = [values.get(name) for name in ("password", "smtpPassword")]
    return await service.seal(sealer, *(each if isinstance(each, str) else None for each in given))


async def _check(call: Call, values: Object) -> None:
    language, address = _language(call), values["address"]
    if not call.context.settings.mail.external:
        raise SetError("forbidden", words.FORBIDDEN[language])
    try:
        address = normal(address)
    except Invalid:
        raise invalid_properties("address", why=words.ADDRESS[language].format(address=address)) from None
    if address.rpartition("@")[2] in call.context.settings.domains:
        raise invalid_properties("address", why=words.HERE[language].format(address=address))
    imap, smtp = _servers(values)
    host = imap.host
    try:
        await service.try_out(call.context, imap, smtp, values["password"], values["smtpPassword"] or "")
    except (Unauthenticated, Unavailable, EgressRefused) as error:
        if smtp is not None and error.fields.get("side") == "smtp":
            host = smtp.host
        if isinstance(error, EgressRefused):
            side = str(error.fields.get("side"))
            raise invalid_properties(side, why=words.sentence("refused", host, language)) from error
        kind = "signInFailed" if isinstance(error, Unauthenticated) else "unreachable"
        raise SetError(kind, words.sentence(kind, host, language), properties=[error.fields["side"]]) from error


def _servers(values: Object) -> tuple[Server, Server | None]:
    return values["imap"], values["smtp"]


async def _create(call: Call, unit: Unit, creation: Creation) -> Created:
    values, sealed = creation.values, creation.prepared
    if len(await store.of_owner(unit, call.account_id)) >= _MOST:
        raise SetError("overQuota", f"at most {_MOST} accounts")
    imap, smtp = _servers(values)
    account = Account(
        id=0,
        owner_id=call.account_id,
        name=values["name"] or values["address"],
        address=normal(values["address"]),
        imap=imap,
        smtp=smtp,
        password=sealed.imap,
        smtp_password=sealed.smtp,
        state="new",
        done=0,
        total=0,
        synced_ms=None,
        paused=values["paused"],
        pushed=0,
    )
    try:
        return Created(await service.create(unit, call.principal, account))
    except Conflict:
        why = words.TWICE[_language(call)].format(address=account.address)
        raise invalid_properties("address", why=why) from None


async def _update(call: Call, unit: Unit, update: Update) -> None:
    account = await _own(call, unit, update.object_id)
    sealed: Sealed = update.prepared
    values: dict[str, Any] = {}
    for name, value in update.values.items():
        if name in ("imap", "smtp"):
            values[name] = text_of(value)
        elif name == "password":
            values["password"] = sealed.imap
        elif name == "smtpPassword":
            values["smtp_password"] = sealed.smtp
        else:
            values[name] = int(value) if name == "paused" else value
    if values.keys() & {"imap", "password"} or values.get("paused") == 0:
        values["state"] = "syncing" if account.synced_ms is None else "ok"
    if values:
        await store.change(unit, account, values)


async def _destroy(call: Call, unit: Unit, number: int) -> None:
    await service.destroy(unit, await _own(call, unit, number))


async def _own(call: Call, unit: Unit, number: int) -> Account:
    account = await store.by_id(unit, number)
    if account is None or account.owner_id != call.account_id:
        raise NotFound("no such account")
    return account


async def _discover(call: Call) -> Result:
    """Where the servers of an address may be. Raises MethodError."""
    if not call.context.settings.mail.external:
        raise MethodError("forbidden", words.FORBIDDEN[_language(call)])
    try:
        address = normal(call.arguments.address)
    except Invalid as error:
        raise MethodError("invalidArguments", error.sentence) from error
    found = await service.discover(call.context, address)
    return {"accountId": call.arguments.account_id, **found}


KIND = Kind(
    record=ExternalAccount,
    scope=OWN,
    read=_read,
    prepare=_prepare,
    create=_create,
    update=_update,
    destroy=_destroy,
    first=visibility.turn,
    rights={"create": Right.WRITE, "update": Right.WRITE, "destroy": Right.WRITE},
)
METHODS = (
    Method(
        name="ExternalAccount/discover",
        capability=EXTERNAL,
        arguments=DiscoverArguments,
        run=_discover,
        scope=OWN,
    ),
)

"""Somebody with a JMAP client, over the engine."""

from parvis.access.principal import Principal
from parvis.kernel import ids
from parvis.serve.jmap.blobs import UPLOAD, blob_id, link
from parvis.serve.jmap.engine import Engine
from parvis.serve.jmap.request import Request


class Client:
    """`await ann("Email/get", ids=[...])` gives the arguments of the response, with `error` when it is one."""

    using: tuple[str, ...]

    def __init__(self, engine: Engine, principal: Principal) -> None:
        self.engine, self.principal = engine, principal
        self.account = ids.text(principal.id)

    async def all(self, *calls):
        """The responses of several calls in one request."""
        request = Request(list(self.using), [(name, args, f"c{i}") for i, (name, args) in enumerate(calls)])
        return (await self.engine.process(self.principal, request))[0]

    async def __call__(self, name, /, **arguments):
        arguments.setdefault("accountId", self.account)
        answered, result, _ = (await self.all((name, arguments)))[0]
        return result if answered == name else {"error": result["type"], **result}

    async def mailbox(self, role: str) -> str:
        """The id of the mailbox of a role."""
        return (await self("Mailbox/query", filter={"role": role}))["ids"][0]

    async def upload(self, content: bytes, account: int | None = None) -> str:
        """A blob of one's own; its id."""
        store = self.engine._context.store
        digest = await store.blobs.put(content)
        who, of = self.principal.id, account or self.principal.id
        await store.write(lambda unit: link(unit, digest, of, UPLOAD, who, len(content), "text/plain", 1 << 60))
        return blob_id(digest)

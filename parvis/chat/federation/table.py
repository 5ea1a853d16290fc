"""All endpoints for other servers."""

from parvis.chat.federation import devices, publishing, queries, receiving
from parvis.chat.federation.contract import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    *devices.ENDPOINTS,
    *publishing.ENDPOINTS,
    *queries.ENDPOINTS,
    *receiving.ENDPOINTS,
)

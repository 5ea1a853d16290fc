"""All endpoints for other servers."""

from parvis.chat.federation import devices, media, publishing, queries, receiving
from parvis.chat.federation.contract import Endpoint
from parvis.chat.federation.rooms.table import ENDPOINTS as ROOMS

ENDPOINTS: tuple[Endpoint, ...] = (
    *devices.ENDPOINTS,
    *media.ENDPOINTS,
    *publishing.ENDPOINTS,
    *queries.ENDPOINTS,
    *receiving.ENDPOINTS,
    *ROOMS,
)

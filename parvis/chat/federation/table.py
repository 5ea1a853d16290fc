"""All endpoints for other servers."""

from parvis.chat.federation import publishing, queries, receiving
from parvis.chat.federation.contract import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (*publishing.ENDPOINTS, *queries.ENDPOINTS, *receiving.ENDPOINTS)

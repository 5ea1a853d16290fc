"""All endpoints for other servers."""

from parvis.chat.federation import publishing, queries
from parvis.chat.federation.contract import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (*publishing.ENDPOINTS, *queries.ENDPOINTS)

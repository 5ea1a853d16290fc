"""All endpoints."""

from parvis.chat.client import discovery
from parvis.chat.client.call import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (*discovery.ENDPOINTS,)

"""All endpoints of shared rooms."""

from parvis.chat.federation.contract import Endpoint
from parvis.chat.federation.rooms import handshakes, serving, spaces

ENDPOINTS: tuple[Endpoint, ...] = (*handshakes.ENDPOINTS, *serving.ENDPOINTS, *spaces.ENDPOINTS)

"""All endpoints of rooms."""

from parvis.chat.client.call import Endpoint
from parvis.chat.client.rooms import (
    creating,
    listing,
    membership,
    presence,
    reading,
    related,
    searching,
    sending,
    sliding,
    sync,
)

ENDPOINTS: tuple[Endpoint, ...] = (
    *creating.ENDPOINTS,
    *membership.ENDPOINTS,
    *sending.ENDPOINTS,
    *reading.ENDPOINTS,
    *related.ENDPOINTS,
    *listing.ENDPOINTS,
    *searching.ENDPOINTS,
    *presence.ENDPOINTS,
    *sync.ENDPOINTS,
    *sliding.ENDPOINTS,
)

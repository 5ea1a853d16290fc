"""All endpoints of rooms."""

from parvis.chat.client.call import Endpoint
from parvis.chat.client.rooms import (
    creating,
    listing,
    membership,
    notifications,
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
    *notifications.ENDPOINTS,
    *sync.ENDPOINTS,
    *sliding.ENDPOINTS,
)

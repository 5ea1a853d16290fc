"""All endpoints."""

from parvis.chat.client import discovery, elsewhere
from parvis.chat.client.call import Endpoint
from parvis.chat.client.people import (
    account,
    backups,
    data,
    devices,
    keys,
    login,
    media,
    oauth,
    profiles,
    rules,
    standing,
    todevice,
)
from parvis.chat.client.rooms.table import ENDPOINTS as ROOMS

ENDPOINTS: tuple[Endpoint, ...] = (
    *discovery.ENDPOINTS,
    *login.ENDPOINTS,
    *oauth.ENDPOINTS,
    *account.ENDPOINTS,
    *elsewhere.ENDPOINTS,
    *devices.ENDPOINTS,
    *keys.ENDPOINTS,
    *todevice.ENDPOINTS,
    *backups.ENDPOINTS,
    *data.ENDPOINTS,
    *media.ENDPOINTS,
    *rules.ENDPOINTS,
    *profiles.ENDPOINTS,
    *standing.ENDPOINTS,
    *ROOMS,
)

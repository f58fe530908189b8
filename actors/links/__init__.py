"""The link between two hosts: an ordered, authenticated stream of records per direction that survives reconnects.

A record is bytes; links know nothing of actors. From the bottom: `frames` and `reader` (the wire format), `handshake`
(who may speak), `outgoing`, `assembly` and `session` (numbering, repeating, acknowledging), all of them pure; then
`connection`, `dialler`, `link`, `listener` and `links`, which give them sockets, or a simulated network.
"""

from actors.links.endpoints import Endpoint as Endpoint
from actors.links.endpoints import TcpEndpoint as TcpEndpoint
from actors.links.endpoints import UnixEndpoint as UnixEndpoint
from actors.links.events import LinkEvents as LinkEvents
from actors.links.events import LinkState as LinkState
from actors.links.frames import LARGEST_RECORD as LARGEST_RECORD
from actors.links.link import Link as Link
from actors.links.links import Links as Links
from actors.links.refusals import Refusal as Refusal
from actors.links.settings import LinkSettings as LinkSettings
from actors.links.station import Wire as Wire
from actors.links.statistics import LinksStatistics as LinksStatistics
from actors.links.statistics import LinkStatistics as LinkStatistics

__all__ = [
    "LARGEST_RECORD",
    "Endpoint",
    "Link",
    "LinkEvents",
    "LinkSettings",
    "LinkState",
    "LinkStatistics",
    "Links",
    "LinksStatistics",
    "Refusal",
    "TcpEndpoint",
    "UnixEndpoint",
    "Wire",
]

"""The bounds of a host's links follow from the settings of its system, which are equal on all hosts."""

from functools import lru_cache

from actors.links.frames import LARGEST_CHUNK
from actors.links.settings import LinkSettings
from actors.settings import Settings


@lru_cache(maxsize=4)
def link_bounds(settings: Settings, *, sleeps: bool = True) -> LinkSettings:
    """What the settings say of links. A host that never `sleeps` need not be kept awake after traffic."""
    return LinkSettings(
        buffer_bytes=settings.link_buffer_bytes,
        largest_bytes=settings.message_bytes,
        large_bytes=2 * settings.message_bytes,
        chunk_bytes=min(settings.chunk_bytes, LARGEST_CHUNK),
        heartbeat_seconds=settings.heartbeat,
        alert_seconds=settings.alert if sleeps else 0.0,
        connect_seconds=settings.connect_timeout,
    )

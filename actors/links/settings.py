"""The bounds and times of a host's links, in bytes and seconds; every buffer of the link layer has its limit here."""

from dataclasses import dataclass

from actors.errors import SettingsError
from actors.links.frames import LARGEST_CHUNK

_KIB = 1024
_MIB = 1024 * _KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings:
    """Limits of one link and of one listener. Both ends of a link must agree on `large_bytes` and `largest_bytes`.

    Raises `SettingsError` for a value that cannot work.
    """

    buffer_bytes: int = 16 * _MIB
    """Records accepted by `send` and not yet acknowledged, each with `RECORD_COST`; beyond it `send` returns False."""
    large_bytes: int = 256 * _MIB
    """Large records accepted by `send_large` and not yet acknowledged whole; the receiver assembles at most as much."""
    largest_bytes: int = 128 * _MIB
    """One large record."""
    batch_bytes: int = 128 * _KIB
    """A batch frame is closed when its records cost this much."""
    chunk_bytes: int = LARGEST_CHUNK
    """A large record travels in chunks of this size, between which small records pass."""
    flush_bytes: int = 512 * _KIB
    """Written in one turn of the loop at most (one chunk may come on top); the rest waits for the next turn."""
    write_bytes: int = 256 * _KIB
    """The transport asks to pause above this."""
    ack_bytes: int = 256 * _KIB
    """Received bytes after which an acknowledgement leaves at the end of the turn, even without other traffic."""
    ack_seconds: float = 0.02
    """How long an acknowledgement waits for a batch to ride on."""
    heartbeat_seconds: float = 1.0
    silence_seconds: float = 5.0
    """A connection that brought nothing for so long is dropped and dialled again."""
    connect_seconds: float = 5.0
    """One attempt to connect and authenticate."""
    handshake_seconds: float = 5.0
    """An accepted connection must have proved the secret by then."""
    backoff_seconds: float = 0.02
    """The first pause between attempts to connect; it doubles."""
    backoff_most_seconds: float = 1.0
    client_seconds: float = 5.0
    """The session of a client peer ends when its connection stayed away for so long."""
    alert_seconds: float = 0.00005
    """How long a host looks for more after traffic, before it sleeps; 0: not at all. See `alertness`."""
    half_open: int = 128
    """Accepted connections that have not proved the secret; one more ends the oldest."""
    most_links: int = 1024
    """Peers with a session; one more is refused."""

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            value: float = getattr(self, name)
            if value < 0 or (value == 0 and name != "alert_seconds"):
                raise SettingsError(f"The link setting {name} is {value}; it must be positive.")
        if self.chunk_bytes > LARGEST_CHUNK or self.batch_bytes > LARGEST_CHUNK:
            raise SettingsError(f"Link settings chunk_bytes and batch_bytes are at most {LARGEST_CHUNK} bytes.")
        if self.largest_bytes > self.large_bytes:
            raise SettingsError("The link setting largest_bytes exceeds large_bytes, so such a record would never go.")
        if self.silence_seconds < 2 * self.heartbeat_seconds:
            raise SettingsError("The link setting silence_seconds must be at least two heartbeats.")

"""Where a host listens: a Unix socket for its own node, a TCP address for the others."""

from typing import NamedTuple


class UnixEndpoint(NamedTuple):
    """A socket file on the peer's node."""

    path: str


class TcpEndpoint(NamedTuple):
    """`host` is the address that peers can reach, which need not be the one that was bound."""

    host: str
    port: int


Endpoint = UnixEndpoint | TcpEndpoint
"""A peer's endpoints are a tuple in order of preference; a dialler tries one after the other."""

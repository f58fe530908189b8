"""How many bytes of one mailbox's bound are taken, by messages that came from other hosts and are not light (rule A33).

The size of such a message is known when it arrives, and means memory of this process. What is sent within a host is
the sender's own object; what is light is bounded well enough by the number of messages.
"""

from actors.mail.envelope import Envelope

LIGHT = 1024
"""Bytes of a record that are not counted: 10,000 of these, the ordinary bound in messages, are 10 MiB."""


class Weights:
    """The sizes of the heavy messages in one mailbox, by the identity of their envelopes."""

    __slots__ = ("_sizes", "_total", "bound", "evicted", "expected", "refused", "waiting")

    def __init__(self, bound: int) -> None:
        self.bound = bound
        self._sizes: dict[int, int] = {}
        self._total = 0
        self.waiting: dict[int, int] = {}
        """Those of `send`s that wait for room."""
        self.expected = 0
        """The size of the next message that is put, if that is known."""
        self.refused: tuple[Envelope, int] | None = None
        """The message that was refused last, and its size, in case it waits for room."""
        self.evicted: list[Envelope] = []
        """What gave way to the bytes of the message that was put."""

    def next_size(self) -> int:
        """The size of the message that is being put, 0 for one that is not counted."""
        size, self.expected = self.expected, 0
        return size

    def fits(self, size: int) -> bool:
        """Whether there is room. The first one always fits, else one larger than the bound never could."""
        return not size or not self._total or self._total + size <= self.bound

    def add(self, envelope: Envelope, size: int) -> None:
        """It is in the mailbox from now on; 0 for one that is not counted."""
        if size:
            self._sizes[id(envelope)] = size
            self._total += size

    def remove(self, envelope: Envelope) -> int:
        """It is in the mailbox no more; returns its size, 0 for one that is not counted."""
        size = self._sizes.pop(id(envelope), 0)
        self._total -= size
        return size

    def __contains__(self, envelope: Envelope) -> bool:
        return id(envelope) in self._sizes

    def __bool__(self) -> bool:
        return bool(self._sizes or self.waiting)

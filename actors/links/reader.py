"""Cuts a byte stream into frames in one reused buffer: the transport reads into it, frames are views of it."""

from typing import Final

from actors.links.frames import LENGTH

_FIRST: Final = 64 * 1024


class Oversized(Exception):
    """A length prefix beyond the limit."""


class FrameReader:
    """Give the transport `space()`, report `filled(n)`, then take frames with `next()` until None.

    A frame is a view that is valid until the next call of `space()`. The buffer begins no larger than the limit needs
    and grows only for a frame that needs more, so an unauthenticated connection costs about a kilobyte.
    """

    __slots__ = ("_buffer", "_end", "_limit", "_start", "_view")

    _start: int
    _end: int

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._start = self._end = 0
        self._buffer = bytearray(min(limit + LENGTH.size, _FIRST))
        self._view = memoryview(self._buffer)

    def space(self) -> memoryview:
        """Where to read to; never empty, if all frames are taken before the next call."""
        if self._start == self._end:
            self._start = self._end = 0
        elif self._start and self._end > len(self._buffer) // 2:
            waiting = self._end - self._start
            self._view[:waiting] = self._view[self._start : self._end]
            self._start, self._end = 0, waiting
        return self._view[self._end :]

    def filled(self, count: int) -> None:
        """So many bytes were read into `space()`."""
        self._end += count

    def forget(self) -> None:
        """Nobody takes frames any more: there is space for all that still comes."""
        self._start = self._end = 0

    def next(self) -> memoryview | None:
        """The next whole frame without its length, or None. Raises `Oversized`."""
        start = self._start
        waiting = self._end - start
        if waiting < LENGTH.size:
            return None
        length: int = LENGTH.unpack_from(self._buffer, start)[0]
        if length > self._limit:
            raise Oversized(f"a frame of {length} bytes, where {self._limit} are allowed")
        begin = start + LENGTH.size
        if waiting < LENGTH.size + length:
            if length + LENGTH.size > len(self._buffer):
                self._grow(2 * (self._limit + LENGTH.size))
            return None
        self._start = begin + length
        return self._view[begin : begin + length]

    def allow(self, limit: int) -> None:
        """Frames up to `limit` from now on. What was read stays, and so do the views that were handed out."""
        self._limit = limit
        self._grow(_FIRST)

    def _grow(self, size: int) -> None:
        if size <= len(self._buffer):
            return
        # A new buffer, since one that has views cannot be resized.
        buffer = bytearray(size)
        waiting = self._end - self._start
        buffer[:waiting] = self._view[self._start : self._end]
        self._buffer = buffer
        self._view = memoryview(buffer)
        self._start, self._end = 0, waiting

"""Puts chunks together to large records, within the bound that the sender keeps as well."""

from actors.links.frames import BadFrame


class Assembly:
    """Large records that are arriving. A record is allocated at its first chunk; chunks of one record come in order."""

    __slots__ = ("_arriving", "_largest", "_limit", "held")

    def __init__(self, largest: int, limit: int) -> None:
        self._largest = largest
        self._limit = limit
        self._arriving: dict[int, tuple[bytearray, int]] = {}
        self.held = 0

    def add(self, stream: int, size: int, chunk: memoryview) -> bytearray | None:
        """The whole record if this chunk completes it. Raises `BadFrame`."""
        record, filled = self._arriving.get(stream) or self._begin(stream, size)
        if len(record) != size or filled + len(chunk) > size:
            raise BadFrame(f"chunk of {len(chunk)} bytes after {filled} of {size}")
        record[filled : filled + len(chunk)] = chunk
        filled += len(chunk)
        if filled < size:
            self._arriving[stream] = (record, filled)
            return None
        self._arriving.pop(stream, None)
        self.held -= size
        return record

    def _begin(self, stream: int, size: int) -> tuple[bytearray, int]:
        if size > self._largest or self.held + size > self._limit:
            raise BadFrame(f"large record of {size} bytes beside {self.held}, of at most {self._limit}")
        self.held += size
        self._arriving[stream] = (bytearray(size), 0)
        return self._arriving[stream]

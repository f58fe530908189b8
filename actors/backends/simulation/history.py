"""What happened in a simulated world, in order: a hash of all of it, and the last of it in words."""

from collections import deque
from hashlib import blake2b

REMEMBERED = 40
"""Events that an error shows."""


class History:
    """Grows by one line for each event. Two runs are the same when their hashes are."""

    __slots__ = ("_hash", "events", "last")

    def __init__(self) -> None:
        self._hash = blake2b(digest_size=8)
        self.events = 0
        self.last: deque[str] = deque(maxlen=REMEMBERED)

    def note(self, nanoseconds: int, event: str, *, upkeep: bool) -> None:
        """Something has happened at this time of the world; what is only upkeep is not shown."""
        line = f"{nanoseconds} {event}\n"
        self._hash.update(line.encode())
        if not upkeep:
            self.last.append(line)
        self.events += 1

    @property
    def hash(self) -> str:
        """Of everything up to now, in 16 hexadecimal digits."""
        return self._hash.hexdigest()

    @property
    def trace(self) -> str:
        """The last events, one a line: seconds, and what happened."""
        lines = (line.partition(" ") for line in self.last)
        return "".join(f"{int(time) / 1e9:14.6f} {event}" for time, _, event in lines)

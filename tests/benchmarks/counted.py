"""`python counted.py COUNT`: tells so many messages on the `actors` that the path has, from a handler and from outside.

For whoever counts the instructions of that: nothing in it depends on the time or on chance.
"""

import gc
import sys

from actors import Actor, Message, Ref, System, call, receive

BURST = 100


class Note(Message):
    """Something to be counted."""

    number: int


class Counter(Actor):
    """Counts, and passes bursts on to another from inside a handler."""

    def __init__(self, other: "Ref[Counter] | None" = None) -> None:
        self.other = other
        self.count = 0

    @receive
    def note(self, note: Note) -> None:
        """Count one."""
        self.count += 1

    @call
    def look(self) -> int:
        """The count."""
        return self.count

    @call
    def pass_on(self, count: int) -> None:
        """Tell the other so many."""
        assert self.other is not None
        for _ in range(count):
            self.other.tell(Note(1))


async def main(system: System) -> None:
    """Half of them from a handler, half from here."""
    last = await system.spawn(Counter)
    first = await system.spawn(Counter, last)
    gc.disable()
    for _ in range(int(sys.argv[1]) // (2 * BURST)):
        await first.ask(Counter.pass_on(BURST))
        for _ in range(BURST):
            last.tell(Note(1))
        await last.ask(Counter.look())  # until all are handled: what is left at the end would become dead letters


System(on="local", mailbox_bound=2**20).run(main)

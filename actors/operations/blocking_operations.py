"""Live operations and the quarantine for code that cannot await: the same verbs, which wait in the caller's thread."""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, Protocol, TypeVar

from actors.address import Address
from actors.mail.quarantine import Quarantined
from actors.operations.operations import Actors, Operations
from actors.operations.reports import ActorTree, Diagnosis, Inspection, Traced
from actors.supervising.quarantines import Quarantines

T = TypeVar("T")


class Waits(Protocol):
    """Waits for what the host's loop does."""

    def wait_for(self, verb: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine function on the host's loop, and wait for its result."""
        ...

    def iterate(self, items: AsyncIterator[T]) -> Iterator[T]:
        """The items of an iterator on the host's loop, each waited for; whoever stops early has it closed."""
        ...


class BlockingOperations:
    """What `system.operations` of the blocking form is. See `Operations`, whose verbs raise the same."""

    __slots__ = ("_operations", "_waits")

    def __init__(self, operations: Operations, waits: Waits) -> None:
        self._operations = operations
        self._waits = waits

    def tree(self, *, limit: int = 1000) -> ActorTree:
        """The actors of all hosts. See `Operations.tree`."""
        return self._waits.wait_for(lambda: self._operations.tree(limit=limit))

    def find(self, who: Actors) -> Address:
        """The address of an actor. See `Operations.find`."""
        return self._waits.wait_for(lambda: self._operations.find(who))

    def inspect(self, who: Actors) -> Inspection:
        """The inside of one actor. See `Operations.inspect`."""
        return self._waits.wait_for(lambda: self._operations.inspect(who))

    def trace(self, who: Actors, *, seconds: float = 10.0) -> Iterator[Traced]:
        """What an actor handles, as it comes: `for event in operations.trace(...)`. See `Operations.trace`."""
        return self._waits.iterate(self._operations.trace(who, seconds=seconds))

    def quarantined(self, entry: Quarantined) -> str:
        """A message in quarantine as text. See `Operations.quarantined`."""
        return self._waits.wait_for(lambda: self._operations.quarantined(entry))

    def doctor(self) -> Diagnosis:
        """What is wrong with the system, and how each host is. See `Operations.doctor`."""
        return self._waits.wait_for(self._operations.doctor)

    def suspend(self, who: Actors) -> bool:
        """Let an actor handle no message until it is resumed. See `Operations.suspend`."""
        return self._waits.wait_for(lambda: self._operations.suspend(who))

    def resume(self, who: Actors) -> bool:
        """Let a suspended actor go on. See `Operations.resume`."""
        return self._waits.wait_for(lambda: self._operations.resume(who))

    def drain(self, seat: int) -> None:
        """Let a host finish what it has, and leave. See `Operations.drain`."""
        self._waits.wait_for(lambda: self._operations.drain(seat))


class BlockingQuarantines:
    """What `system.quarantine` of the blocking form is. See `Quarantines`, whose verbs raise the same."""

    __slots__ = ("_quarantines", "_waits")

    def __init__(self, quarantines: Quarantines, waits: Waits) -> None:
        self._quarantines = quarantines
        self._waits = waits

    def list(self) -> list[Quarantined]:
        """What is in quarantine on all hosts. See `Quarantines.list`."""
        return self._waits.wait_for(self._quarantines.list)

    def message(self, entry: Quarantined) -> object:
        """The message itself. See `Quarantines.message`."""
        return self._waits.wait_for(lambda: self._quarantines.message(entry))

    def requeue(self, entry: Quarantined, *, timeout: float | None = None) -> bool:
        """Put the message into its actor's mailbox again. See `Quarantines.requeue`."""
        return self._waits.wait_for(lambda: self._quarantines.requeue(entry, timeout=timeout))

    def drop(self, entry: Quarantined) -> bool:
        """Let the message go for good. See `Quarantines.drop`."""
        return self._waits.wait_for(lambda: self._quarantines.drop(entry))

"""The probe for tests that cannot await: the same expectations, on the blocking form of a system."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

from actors.blocking import BlockingSystem
from actors.cells.terminated import Terminated
from actors.ref import Ref
from actors.testing.probe import WITHIN, Probe

A = TypeVar("A")
M = TypeVar("M")


class BlockingProbe(Generic[A]):
    """`with System(on="local").blocking() as system: probe = BlockingProbe(system)`. Every verb is that of `Probe`."""

    @overload
    def __init__(self: "BlockingProbe[Any]", system: BlockingSystem) -> None: ...
    @overload
    def __init__(self, system: BlockingSystem, stands_for: Callable[..., A]) -> None: ...
    def __init__(self, system: BlockingSystem, stands_for: Callable[..., A] | None = None) -> None:
        async def made() -> Probe[A]:
            return Probe(system.system) if stands_for is None else Probe(system.system, stands_for)

        self._wait = system.wait_for
        self._probe = self._wait(made)
        self.ref: Ref[A] = self._probe.ref
        """Give it to the actors under test."""

    @overload
    def expect(self, expected: Callable[..., M], *, within: float = WITHIN) -> M: ...
    @overload
    def expect(self, expected: M, *, within: float = WITHIN) -> M: ...
    def expect(self, expected: Any, *, within: float = WITHIN) -> Any:
        """See `Probe.expect`."""
        return self._wait(lambda: self._probe.expect(expected, within=within))

    def expect_all(self, *expected: object, within: float = WITHIN) -> list[Any]:
        """See `Probe.expect_all`."""
        return self._wait(lambda: self._probe.expect_all(*expected, within=within))

    def receive(self, *, within: float = WITHIN) -> Any:
        """See `Probe.receive`."""
        return self._wait(lambda: self._probe.receive(within=within))

    def receive_many(self, count: int, *, within: float = WITHIN) -> list[Any]:
        """See `Probe.receive_many`."""
        return self._wait(lambda: self._probe.receive_many(count, within=within))

    def fish(self, predicate: Callable[[Any], bool], *, within: float = WITHIN) -> Any:
        """See `Probe.fish`."""
        return self._wait(lambda: self._probe.fish(predicate, within=within))

    def expect_no_message(self, *, during: float | None = None) -> None:
        """See `Probe.expect_no_message`."""
        self._wait(lambda: self._probe.expect_no_message(during=during))

    def watch(self, ref: Ref[Any]) -> None:
        """See `Probe.watch`."""
        self._now(lambda: self._probe.watch(ref))

    def unwatch(self, ref: Ref[Any]) -> bool:
        """See `Probe.unwatch`."""
        return self._now(lambda: self._probe.unwatch(ref))

    def expect_terminated(self, ref: Ref[Any], *, within: float = WITHIN) -> Terminated:
        """See `Probe.expect_terminated`."""
        return self._wait(lambda: self._probe.expect_terminated(ref, within=within))

    @property
    def sender(self) -> Ref[Any] | None:
        """See `Probe.sender`."""
        return self._probe.sender

    def reply(self, value: object) -> None:
        """See `Probe.reply`."""
        self._now(lambda: self._probe.reply(value))

    def fail(self, error: BaseException) -> None:
        """See `Probe.fail`."""
        self._now(lambda: self._probe.fail(error))

    def _now(self, verb: Callable[[], M]) -> M:
        """Call on the host's loop what does not wait."""

        async def called() -> M:
            return verb()

        return self._wait(called)

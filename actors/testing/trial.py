"""One asynchronous test from beginning to end: a fresh system, the test, unexpected dead letters, the close."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Self, TypeVar

from actors.backends.simulation.backend import SimulationBackend
from actors.system import On, System
from actors.testing.manual_time import ManualTime
from actors.testing.rest import rest

if TYPE_CHECKING:
    from actors.mail.dead_letters import DeadLetter

T = TypeVar("T")

SHOWN = 10
"""Dead letters that a failure names."""

AFTER = 1.0
"""Seconds of a simulated world in which what is under way arrives, unless something is wrong with its network."""


class SystemUnderTest(System):
    """A system that keeps account of the dead letters that nobody expected."""

    __slots__ = ("unexpected",)

    def __init__(self, on: On = "local", **options: Any) -> None:
        super().__init__(on, **options)
        self.unexpected: list[DeadLetter] = []
        """Those of this process since the system was opened, without those that `expect_dead_letters` took.

        All hosts of a simulation are in this process."""

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        hear_dead_letters(self, self.unexpected.append)
        return self


def run(
    main: "Callable[[System], Coroutine[Any, Any, T]]",
    on: On = "local",
    *,
    time: ManualTime | None = None,
    allow_dead_letters: bool = False,
    **options: Any,
) -> T:
    """Run `main(system)` on a fresh system, close it in order, and return what it returned.

    `time`: a time that the test moves; for "local" only. `options` are those of `System`. Raises what `main` raises,
    and AssertionError for dead letters that no `expect_dead_letters` named, unless they are allowed; what closing gives
    up is no business of the test's.
    """
    if time is not None:
        if on != "local":
            message = f"Time is moved by hand on 'local' only, not on {on!r}: other processes have clocks of their own."
            raise ValueError(message)
        options["clock"] = time.now
    system = SystemUnderTest(on, **options)

    async def whole(opened: System) -> T:
        result = await main(opened)
        if not allow_dead_letters:
            if simulated(opened) is None:
                await rest(opened.host, 0.0)
            else:
                await asyncio.sleep(AFTER)
            letters = system.unexpected
            if letters:
                lines = "".join(f"\n  {describe(letter)}" for letter in letters[:SHOWN])
                more = f"\n  and {len(letters) - SHOWN} more" if len(letters) > SHOWN else ""
                message = f"There were {len(letters)} dead letters that the test did not expect:{lines}{more}"
                raise AssertionError(message)
        return result

    return system.run(whole) if time is None else time.run(system, whole)


def simulated(system: System) -> SimulationBackend | None:
    """The backend of a simulation; None for any other system."""
    backend = system._backend  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - the test kit knows its systems
    return backend if isinstance(backend, SimulationBackend) else None


def hear_dead_letters(system: System, listener: "Callable[[DeadLetter], None]") -> Callable[[], None]:
    """Call `listener` with those of every host that is in this process; returns the function that ends it."""
    simulation = simulated(system)
    return (simulation or system).on_dead_letter(listener)


def describe(letter: "DeadLetter") -> str:
    """A dead letter for a failure's text."""
    return f"{letter.message!r} to {letter.target}: {letter.reason.value}"

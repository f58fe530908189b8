"""Runs an application in a simulated world: once with a seed, or with many seeds and faults until one run fails.

async def test(system): ...             # spawn, ask, assert, as on any backend
simulate(test, seed=7)                  # the same run each time
explore(test, seeds=range(500))         # other orders, delays and faults each time
"""

import gc
import time
from collections.abc import Callable, Coroutine, Generator, Iterable, Mapping
from contextlib import contextmanager
from random import Random
from typing import Any, Generic, TypeVar, cast

import msgspec

from actors.backends.simulation.backend import SimulationBackend
from actors.backends.simulation.faults import CHOSEN, NO_FAULTS, Fault, FaultPlan, plan_as_text, random_faults
from actors.system import System
from actors.testing.replay import call_again

T = TypeVar("T")

Main = Callable[[System], Coroutine[Any, Any, T]]
"""An application, or a test of one: a main function for `System.run`."""

COLLECTED = 10
"""Runs between two collections of garbage, since one in the middle of a run would have to look through what lives."""


class Chaos(msgspec.Struct, frozen=True):
    """What may go wrong in a run: up to `most` faults of these `kinds`, which begin within the first `seconds`."""

    most: int = 3
    seconds: float = 1.0
    kinds: tuple[str, ...] = CHOSEN

    def plan(self, seed: int, hosts: int) -> FaultPlan:
        """The faults of this seed."""
        return random_faults(Random(seed), hosts=hosts, seconds=self.seconds, most=self.most, kinds=self.kinds)


CALM = Chaos(most=0)
"""Nothing goes wrong; order and delays still differ with each seed."""

CHAOS = Chaos()


class Run(msgspec.Struct, Generic[T], frozen=True):
    """What came of one run."""

    seed: int
    faults: FaultPlan
    hash: str
    """Of the whole history: the same for the same seed, faults and program."""
    seconds: float
    """In the simulated world."""
    messages: int
    """That actors have handled, on hosts that lived to the end."""
    trace: str
    """The last events."""
    result: T | None = None
    error: BaseException | None = None


class SeedFailed(AssertionError):
    """A run has failed. `run` is that run, with as few faults as it took; `__cause__` is what it raised.

    The text has a line that runs it again, with all `options` of the run that are not the default.
    """

    def __init__(self, run: "Run[Any]", others: int, options: Mapping[str, Any]) -> None:
        self.run = run
        super().__init__(
            f"Seed {run.seed} fails after {others} that did not: {type(run.error).__name__}: {run.error}\n"
            f"History {run.hash}, {run.seconds:.3f} simulated seconds.\n"
            f"Replay: {call_again(run.seed, run.faults, options)}\n"
            f"The last events:\n{run.trace}"
        )


class Exploration(msgspec.Struct, frozen=True):
    """Runs of many seeds, none of which has failed."""

    runs: int
    faults: int
    messages: int
    simulated: float
    """Seconds in the simulated worlds."""
    seconds: float
    """Seconds of this process' time."""

    def __str__(self) -> str:
        each, rate = self.messages / max(1, self.runs), self.runs / max(self.seconds, 1e-9)
        return (
            f"{self.runs} seeds, {self.faults} faults, {each:.0f} messages a seed, {self.simulated:.0f} simulated s: "
            f"{rate:.0f} seeds/s on one core"
        )


def simulate(main: Main[T], seed: int = 0, *, faults: FaultPlan = NO_FAULTS, **options: Any) -> T:
    """Run `main(system)` in the world of this seed, and return what it returns. `options` are those of `System`.

    Raises what `main` raises, with the seed and the faults noted on it; NobodyWakes when nothing can happen any more,
    and OutOfTime when the run has not ended after `limit` of its own seconds (a day).
    """
    run = run_once(main, seed, faults=faults, **options)
    if run.error is not None:
        run.error.add_note(f"Seed {seed}, faults {plan_as_text(faults)}, history {run.hash}.")
        raise run.error
    return cast("T", run.result)


def run_once(main: Main[T], seed: int = 0, *, faults: FaultPlan = NO_FAULTS, **options: Any) -> "Run[T]":
    """As `simulate`; returns the whole account, whatever `main` raised. ValueError for a fault that can hit nobody."""
    handled = 0

    async def counted(system: System) -> T:
        nonlocal handled
        try:
            return await main(system)
        finally:
            handled = sum(_backend(system).handled())

    system = System(on="simulation", seed=seed, faults=faults, **options)
    world = _backend(system).world
    _backend(system).check(system.settings)
    result: T | None = None
    error: BaseException | None = None
    try:
        result = system.run(counted)
    except Exception as raised:  # noqa: BLE001 - it is what is looked for
        error = raised
    history = world.history
    return Run(seed, faults, history.hash, world.seconds, handled, history.trace, result, error)


def explore(
    main: Main[Any],
    seeds: Iterable[int] = range(100),
    *,
    chaos: Chaos = CHAOS,
    faults: FaultPlan | None = None,
    hosts: int = 3,
    **options: Any,
) -> Exploration:
    """Run `main` with every one of these seeds, each with faults of its own; SeedFailed for the first that fails.

    Its faults are dropped one by one, as long as the run still fails in the same way. `faults`: these for every seed,
    which is how a failure is replayed.
    """
    runs = count = messages = 0
    options = {"hosts": hosts, **options}
    simulated, began = 0.0, time.process_time()
    with little_garbage() as collect:
        for seed in seeds:
            plan = chaos.plan(seed, hosts) if faults is None else faults
            run = run_once(main, seed, faults=plan, **options)
            if run.error is not None:
                raise SeedFailed(shortened(main, run, **options), runs, options) from run.error
            runs, count, messages = runs + 1, count + len(run.faults), messages + run.messages
            simulated += run.seconds
            collect(runs)
    return Exploration(runs, count, messages, simulated, time.process_time() - began)


def shortened(main: Main[Any], failed: "Run[Any]", **options: Any) -> "Run[Any]":
    """The same failure with as few faults as it takes: each is dropped that is not needed."""
    kept = list(failed.faults)
    for fault in failed.faults:
        fewer = tuple(it for it in kept if it is not fault)
        run = run_once(main, failed.seed, faults=fewer, **options)
        if run.error is not None and type(run.error) is type(failed.error):
            failed, kept = run, list(fewer)
    return failed


def inject(system: System, fault: Fault) -> None:
    """Let something go wrong in an open simulation, `fault.at` seconds from now."""
    _backend(system).inject(fault)


def seed_of(system: System) -> int:
    """The seed of an open simulation, for a main function that plays something else with each."""
    return _backend(system).world.seed


def _backend(system: System) -> SimulationBackend:
    backend = system._backend  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - the test kit knows its systems
    if not isinstance(backend, SimulationBackend):
        message = 'This system is no simulation. Use System(on="simulation").'
        raise TypeError(message)
    return backend


@contextmanager
def little_garbage() -> Generator[Callable[[int], None]]:
    """Collect garbage between runs only, and never what was there before."""
    automatic = gc.isenabled()
    gc.collect()
    gc.freeze()
    gc.disable()

    def collect(runs: int) -> None:
        if runs % COLLECTED == 0:
            gc.collect()

    try:
        yield collect
    finally:
        gc.unfreeze()
        if automatic:
            gc.enable()

"""Lets happen to a simulated system what its fault plan says, and takes it back when the system closes."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from actors.backends.simulation.faults import (
    DIRECTORY,
    ClockRate,
    ClockStep,
    Crash,
    Cut,
    DirectoryCrash,
    Fault,
    Lag,
    Pause,
    Reset,
    Slow,
)
from actors.backends.simulation.machine import Machine
from actors.backends.simulation.network import Network
from actors.backends.simulation.process import Process
from actors.backends.simulation.world import World


class Fate:
    """`processes`: those that live, by their places. `crash` ends one, and says when there is to be another.

    `directory` ends the directory (False), or lets its successor begin (True).
    """

    def __init__(
        self,
        world: World,
        network: Network,
        processes: Mapping[int, Process],
        crash: Callable[[int, float | None], None],
        directory: Callable[[bool], None],
    ) -> None:
        self.active = False
        self._world = world
        self._network = network
        self._processes = processes
        self._crash = crash
        self._directory = directory
        self._strokes: dict[type[Fault], Callable[[Any], None]] = {
            Crash: self._ended,
            DirectoryCrash: self._directory_ended,
            Pause: self._paused,
            Slow: self._slowed,
            Cut: self._cut,
            Reset: self._reset,
            Lag: self._lagged,
            ClockStep: self._stepped,
            ClockRate: self._drifted,
        }

    def strike(self, fault: Fault) -> None:
        """It happens now, unless the system is closing."""
        if self.active:
            self._world.upkeep = False
            self._world.note(f"fault {fault!r}")
            self._strokes[type(fault)](fault)

    def relent(self) -> None:
        """Take back whatever has an end, and strike no more."""
        self.active = False
        for process in self._processes.values():
            process.machine.slowness = 1
            process.machine.resume()
        self._network.heal_all()
        self._directory(True)  # noqa: FBT003 - there

    def _later(self, seconds: float, callback: Callable[[], object]) -> None:
        def end() -> None:
            if self.active:
                callback()

        self._world.after(seconds, end)

    def _machine(self, place: int) -> Machine | None:
        process = self._processes.get(place)
        return process.machine if process is not None else None

    def _ended(self, fault: Crash) -> None:
        self._crash(fault.place, fault.back_after)

    def _directory_ended(self, fault: DirectoryCrash) -> None:
        self._directory(False)  # noqa: FBT003 - gone
        self._later(fault.back_after, partial(self._directory, True))  # noqa: FBT003

    def _paused(self, fault: Pause) -> None:
        machine = self._machine(fault.place)
        if machine is not None:
            machine.pause()
            self._later(fault.seconds, machine.resume)

    def _slowed(self, fault: Slow) -> None:
        machine = self._machine(fault.place)
        if machine is not None:
            machine.slowness = fault.factor
            self._later(fault.seconds, partial(setattr, machine, "slowness", 1))

    def _cut(self, fault: Cut) -> None:
        pairs = [(one, other) for one in fault.one for other in fault.other if one != other]
        if not fault.one_way:
            pairs += [(other, one) for one, other in pairs]
        self._network.cut(pairs)
        self._later(fault.seconds, partial(self._network.heal, pairs))

    def _reset(self, fault: Reset) -> None:
        self._network.reset(fault.one, fault.other)

    def _lagged(self, fault: Lag) -> None:
        pairs = [(fault.one, fault.other), (fault.other, fault.one)]
        self._network.lag(pairs, fault.extra)
        self._later(fault.seconds, partial(self._network.lag, pairs, -fault.extra))

    def _stepped(self, fault: ClockStep) -> None:
        machine = self._machine(fault.place)
        if machine is not None:
            machine.origin += fault.seconds

    def _drifted(self, fault: ClockRate) -> None:
        machine = self._machine(fault.place)
        if machine is not None:
            machine.go_at(fault.rate)


def check(fault: Fault, places: range | None = None) -> None:
    """Raise ValueError for a fault that no system survives; with the places that exist, for one that can hit nobody."""
    if isinstance(fault, Crash) and fault.place == 0:
        message = "The driver (place 0) cannot crash in a simulation: the system would end with it."
        raise ValueError(message)
    groups = _hit(fault)
    if places is None or groups is None:
        return
    reach = {*places, DIRECTORY} if isinstance(fault, Cut | Lag) else {*places}
    missing = [it for group in groups for it in group if it not in reach]
    if missing and {*missing} == {DIRECTORY}:
        message = (
            f"{fault!r} can hit nobody: the directory is no host. It can be cut off (Cut), its ways can take longer "
            "(Lag), and it can die (DirectoryCrash)."
        )
        raise ValueError(message)
    if missing:
        message = (
            f"{fault!r} can hit nobody: there is no place {missing[0]}. The places of this system are 0 (the driver) "
            f"to {places[-1]} (hosts, then spares)" + (", and DIRECTORY." if DIRECTORY in reach else ".")
        )
        raise ValueError(message)
    if not all(groups) or (len(groups) > 1 and {*groups[0]} == {*groups[1]} and len({*groups[0]}) == 1):
        message = f"{fault!r} can hit nobody: name two different groups of places."
        raise ValueError(message)


def _hit(fault: Fault) -> tuple[tuple[int, ...], ...] | None:
    """The places that a fault names, in its groups; None for one that needs no place."""
    if isinstance(fault, Cut):
        return fault.one, fault.other
    if isinstance(fault, Reset | Lag):
        return (fault.one,), (fault.other,)
    if isinstance(fault, Crash | Pause | Slow | ClockStep | ClockRate):
        return ((fault.place,),)
    return None

"""A system whose hosts are all in this process, in a world that one seed decides: `System(on="simulation", seed=7)`.

Options: `seed`; `faults`, a plan of what goes wrong; `delays` of the network; `drift`, by how much the rates of the
hosts' clocks differ at most; `strict=False` to let actors use the real clock and the like; `limit`, after how many of
its own seconds a world that has not ended is given up (a day); and the settings `hosts` (3 besides the driver) and
`spares` (1). Messages are always copied, as if they had travelled (rule A27), unless a `settings` object says
otherwise.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from actors.address import Address
from actors.backends.simulation.fate import Fate, check
from actors.backends.simulation.faults import NO_FAULTS, Fault, FaultPlan
from actors.backends.simulation.machine import Machine
from actors.backends.simulation.network import Delays, Network
from actors.backends.simulation.process import Process
from actors.backends.simulation.town_hall import TownHall
from actors.backends.simulation.waiting import who_waits
from actors.backends.simulation.world import LIMIT, World
from actors.errors import SystemClosed
from actors.host import Host
from actors.instrument import Opening
from actors.mail.dead_letters import DeadLetter
from actors.membership.seats import Heirs, Member
from actors.operations.operations import ask_hosts
from actors.operations.reports import HostReport
from actors.ref import endpoints
from actors.settings import Settings
from actors.stats import HostStats
from actors.supervising.root import NUMBER as ROOT
from actors.supervising.root import LookAtHost
from actors.supervising.signals import EndReason, StopReport
from actors.supervising.supervision import Supervision

HOSTS = 3
"""Hosts besides the driver, unless the setting says otherwise."""

SPARES = 1
"""Spares, which wait at the places behind those of the hosts, unless the setting says otherwise."""

PROOF = (0.02, 0.06)
"""Seconds until the directory knows that a process has ended: a Ray of this world has told it."""

CLOSING = 5.0
"""Seconds that a host may take to close."""

MADE = 1.0
"""Seconds until a process that has ended by itself is replaced."""

LOOK = 5.0
"""Seconds that a host may take to say how it is."""

APART = 100_000.0
"""Seconds by which the clocks of two hosts may differ: each shows how long its machine has been up."""

FINENESS = 100_000
"""Of so many rates on each side a clock has one."""

Listener = Callable[[DeadLetter], None]


class SimulationBackend:
    """The backend behind `System(on="simulation")`."""

    def __init__(
        self,
        *,
        seed: int = 0,
        faults: FaultPlan = NO_FAULTS,
        delays: Delays | None = None,
        drift: float = 0.0001,
        strict: bool = True,
        places: int | None = None,
        limit: float = LIMIT,
    ) -> None:
        if not limit > 0:
            message = f"limit={limit!r}: give the seconds after which a simulation has gone on for too long."
            raise ValueError(message)
        self.world = World(seed, limit)
        self.world.who_waits = self._who_waits
        self.network = Network(self.world, delays or Delays())
        self.hall: TownHall
        self.processes: dict[int, Process] = {}
        """Those that live, by their places."""
        self.system = f"simulation-{seed}"
        self._faults = faults
        self._drift = drift
        self._places = places
        self._strict = strict
        self._driver: Machine | None = None
        self._machines: list[Machine] = []
        self._killed: list[Process] = []
        self._listeners: dict[Listener, list[Callable[[], None]]] = {}
        self._settings: Settings
        self._instrument: Opening | None = None
        self._fate = Fate(self.world, self.network, self.processes, self.crash, self._direct)
        for fault in faults:
            check(fault)

    def check(self, settings: Settings) -> None:
        """Raise ValueError for a planned fault that can hit nobody in a system of these settings."""
        for fault in self._faults:
            check(fault, self._all_places(settings))

    def new_loop(self) -> Machine:
        """The loop of the driver, which runs the whole world."""
        if self._driver is None:
            self._driver = self._machine(0, strict=self._strict)
        return self._driver

    async def open(self, settings: Settings, supervision: Supervision, instrument: Opening | None = None) -> Host:
        """Build the hosts; return the driver's."""
        driver = self._driver
        if driver is None or asyncio.get_running_loop() is not driver:
            message = (
                "A simulation runs in a time of its own, so it cannot be opened on a loop that has real time. Use "
                'System(on="simulation").run(main), or simulate(...) of actors.testing.'
            )
            raise SystemClosed(message)
        self.check(settings)
        self._settings = settings
        self._instrument = instrument
        self.hall = TownHall(self.network, settings)
        count = self._hosts(settings)
        first = self._seat(0, driver)
        host = await first.open(self.system, supervision, heirs=Heirs.NOBODY)
        self.world.upkeep = False
        hosts = [self._seat(place, self._machine(place)) for place in range(1, count + 1)]
        opened = [self._on(process, process.open(self.system, Supervision()), driver) for process in hosts]
        for one in opened:
            await one
        for place in self._all_places(settings)[count + 1 :]:
            self._wait_for_a_seat(self._seat(place, self._machine(place)), driver)
        await first.refresh()
        endpoints.add(self.system, host.delivery)  # for what is decoded outside every host: the main function
        self._fate.active = True
        for fault in self._faults:
            self.inject(fault)
        return host

    async def close(self, report: StopReport) -> None:
        """Let every fault end, and close the hosts in order."""
        del report
        self._fate.relent()
        others = [process for place, process in self.processes.items() if place]
        assert self._driver is not None
        closing = [self._on(process, self._close(process), self._driver) for process in others]
        if closing:
            await asyncio.wait(closing, timeout=CLOSING)
        if 0 in self.processes:
            await self.processes[0].leave(CLOSING)
        others = self._machines[1:]
        for machine in others:
            machine.kill()
        _dispose(self.world, others)
        for process in self._killed:
            process.forget()

    def hurry(self) -> Callable[[], object]:
        """Nobody waits in simulated time."""
        return lambda: None

    async def stats(self) -> list[HostStats]:
        """The figures of every host that can be reached, the driver's first."""
        host = self.processes[0].host
        assert host is not None
        await self.processes[0].refresh()
        others = [
            host.delivery.ask_afar(host.ref_to(Address(host.system, seat.number, ROOT)), LookAtHost(), LOOK)
            for seat in host.table.seats
            if seat.number != host.seat and not seat.vacant
        ]
        found = await asyncio.gather(*others, return_exceptions=True)
        return [host.look(), *(stats for stats in found if isinstance(stats, HostStats))]

    async def members(self) -> list[Member]:
        """Every host as the directory sees it."""
        return await self.processes[0].members()

    async def look_closely(self) -> tuple[list[HostReport], list[str]]:
        """Every host, asked by its loop: there are no threads that could answer for one that hangs."""
        host = self.processes[0].host
        assert host is not None
        return await ask_hosts(host, [seat.number for seat in host.seating.taken])

    def handled(self) -> list[int]:
        """How many messages the actors of each living host have handled."""
        hosts = [it.host for _, it in sorted(self.processes.items()) if it.host is not None]
        return [it.stats.handled_by_ended + sum(cell.handled for cell in it.cells.values()) for it in hosts]

    def on_dead_letter(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every dead letter of all hosts there are and will be; returns what ends it."""
        hosts = [it.host for _, it in sorted(self.processes.items()) if it.host is not None]
        self._listeners[listener] = [it.dead_letters.subscribe(listener) for it in hosts]

        def end() -> None:
            for ended in self._listeners.pop(listener, []):
                ended()

        return end

    def _opened(self, host: Host) -> None:
        for listener, ends in self._listeners.items():
            ends.append(host.dead_letters.subscribe(listener))

    # ---- what goes wrong --------------------------------------------------------------------------------------------

    def inject(self, fault: Fault) -> None:
        """Let something go wrong `at` seconds from now."""
        check(fault, self._all_places(self._settings))
        self.world.after(fault.at, partial(self._fate.strike, fault))

    def crash(self, place: int, back_after: float | None) -> None:
        """End the process at a place. The directory hears of it soon."""
        process = self.processes.pop(place, None)
        if process is None:
            return
        process.kill()
        self._killed.append(process)
        least, most = PROOF
        proof = least + (most - least) * self.world.random.random()
        self.world.after(proof, partial(self.hall.process_ended, process.name))
        if back_after is not None:
            self.world.after(back_after, partial(self._replace, place))

    def _who_waits(self, main: "asyncio.Future[Any]") -> str:
        return who_waits(main, [it.host for _, it in sorted(self.processes.items()) if it.host is not None])

    def _direct(self, there: bool) -> None:  # noqa: FBT001
        """Whether there is a directory."""
        if there:
            self.hall.begin_anew()
        else:
            self.hall.end()

    def _exited(self, process: Process) -> None:
        """A process has ended by itself; there will be another at its place."""
        if self._fate.active and self.processes.get(process.place) is process:
            self.world.note(f"exit {process.place}")
            self.crash(process.place, MADE)

    def _replace(self, place: int) -> None:
        """A new process, which waits for a vacant seat."""
        if self._fate.active and place not in self.processes and self._driver is not None:
            self.world.note(f"back {place}")
            self._wait_for_a_seat(self._seat(place, self._machine(place)), self._driver)

    def _wait_for_a_seat(self, process: Process, driver: Machine) -> None:
        self._on(process, process.stand_by(self.system), driver)

    def _hosts(self, settings: Settings) -> int:
        return self._places or settings.hosts or HOSTS

    def _all_places(self, settings: Settings) -> range:
        """The driver's, those of the hosts, and those of the spares."""
        return range(1 + self._hosts(settings) + (SPARES if settings.spares is None else settings.spares))

    # ---- processes --------------------------------------------------------------------------------------------------

    def _machine(self, place: int, *, strict: bool = False) -> Machine:
        random = self.world.random
        rate = 1.0 + self._drift * (random.randrange(-FINENESS, FINENESS + 1) / FINENESS)
        machine = Machine(
            self.world, f"place {place}", origin=float(random.randrange(1, int(APART))), rate=rate, strict=strict
        )
        self._machines.append(machine)
        return machine

    def _seat(self, place: int, machine: Machine) -> Process:
        name = f"place-{place}-{len(self._machines)}"
        process = Process(
            self.network,
            self.hall,
            place,
            machine,
            self._settings,
            name=name,
            exit=self._exited,
            instrument=self._instrument,
        )
        process.opened = self._opened
        self.processes[place] = process
        return process

    def _on(self, process: Process, steps: Coroutine[Any, Any, Any], driver: Machine) -> "asyncio.Future[Any]":
        """Run steps on a process' loop; the future is the driver's, and done when they are."""
        over: asyncio.Future[Any] = driver.create_future()

        async def whole() -> None:
            try:
                await steps
            except Exception as error:  # noqa: BLE001 - the driver is told
                if not over.done():
                    over.set_exception(error)
            else:
                if not over.done():
                    over.set_result(None)

        process.machine.from_outside(lambda: process.machine.create_task(whole()), upkeep=False)
        return over

    async def _close(self, process: Process) -> None:
        if process.host is not None:
            await process.host.stop_cells(EndReason.STOPPED)
            await process.leave(CLOSING)


def _dispose(world: World, machines: list[Machine]) -> None:
    """What these were doing will not go on."""
    for known in world.tasks:
        task = known()
        if task is not None and not task.done() and task.get_loop() in machines:
            steps: Any = task.get_coro()
            with contextlib.suppress(BaseException):
                steps.close()
            task._log_destroy_pending = False  # type: ignore[attr-defined] # noqa: SLF001


def open_backend(**options: Any) -> SimulationBackend:
    """The backend for these options."""
    return SimulationBackend(**options)

"""The directory of a simulated system, at a place of its own: questions and answers travel, and may be cut off."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from actors.address import Address
from actors.backends.simulation.faults import DIRECTORY
from actors.backends.simulation.network import Line, Network
from actors.directory import Directory, Rebuilding, Table
from actors.errors import UnderstudyError
from actors.settings import Settings

if TYPE_CHECKING:
    import asyncio

    from actors.backends.simulation.machine import Machine


PAUSE = 0.05
"""Seconds until a question is asked again that nobody could answer."""


class Away(UnderstudyError):
    """The directory has died, and has no successor yet."""


class TownHall:
    """The one directory, with the world's true time."""

    def __init__(self, network: Network, settings: Settings) -> None:
        self.directory = Directory(generation=1, settings=settings)
        self.questions = 0
        """How many were asked: the directory's traffic."""
        self._network = network
        self._settings = settings
        self._away = False

    def end(self) -> None:
        """The directory dies."""
        self._away = True

    def begin_anew(self) -> None:
        """The directory that has died has a successor, which only knows how many seats were given away (rule A18)."""
        if self._away:
            before = self.directory
            self.directory = Directory(before.generation + 1, before.used_seats, self._settings)
            self._away = False
            self._network.world.note(f"directory {self.directory.generation}")

    def answer(self, method: str, arguments: tuple[Any, ...]) -> Any:
        """Do what was asked."""
        if self._away:
            raise Away
        self.questions += 1
        return getattr(self.directory, method)(self._network.world.seconds, *arguments)

    def process_ended(self, name: str) -> None:
        """There is proof that a process has ended (rule A15)."""
        self._network.world.note(f"ended {name}")
        if self._away:
            return  # its successor has to find out
        self.directory.ended(self._network.world.seconds, name)


class DirectoryOffice:
    """The directory as one host asks it."""

    def __init__(self, hall: TownHall, network: Network, place: int, machine: "Machine") -> None:
        self._hall = hall
        self._machine = machine
        self._there = Line(network, place, DIRECTORY)
        self._back = Line(network, DIRECTORY, place)

    def ask(self, method: str, *arguments: Any) -> "asyncio.Future[Any]":
        """One question. The answer comes when the network lets it."""
        answer: asyncio.Future[Any] = self._machine.create_future()
        self._there.carry(lambda: self._asked(method, arguments, answer))
        return answer

    async def claim(self, name: str, root_seat: int, address: Address) -> bool:
        """Claim a top-level name."""
        return bool(await self.ask("claim", name, root_seat, address))

    async def release(self, name: str, address: Address) -> None:
        """Free a top-level name."""
        await self.ask("release", name, address)

    async def lookup(self, name: str) -> Address | None:
        """The address of the top-level actor of this name."""
        found: Address | None = await self.ask("lookup", name)
        return found

    async def table(self) -> Table:
        """The newest table."""
        table: Table = await self.ask("table")
        return table

    def _asked(self, method: str, arguments: tuple[Any, ...], answer: "asyncio.Future[Any]") -> None:
        conclude: Callable[[Any], None] = answer.set_result
        try:
            said = self._hall.answer(method, arguments)
        except (Away, Rebuilding):
            self._ask_again(method, arguments, answer)
            return
        except Exception as error:  # noqa: BLE001 - the host is told
            conclude, said = answer.set_exception, error
        self._back.carry(lambda: self._answered(answer, conclude, said))

    def _ask_again(self, method: str, arguments: tuple[Any, ...], answer: "asyncio.Future[Any]") -> None:
        """As the client of production: until there is a directory that knows."""
        world = self._machine.world
        upkeep = world.upkeep
        if not upkeep:
            world.pending += 1

        def again() -> None:
            world.upkeep = upkeep
            if not answer.done() and not self._machine.dead:
                self._asked(method, arguments, answer)
            if not upkeep:
                world.done()

        world.after(PAUSE, again)

    def _answered(self, answer: "asyncio.Future[Any]", conclude: Callable[[Any], None], said: Any) -> None:
        def hear() -> None:
            if not answer.done():
                conclude(said)

        self._machine.arrived(hear, upkeep=self._machine.world.upkeep)

"""The driver starts spares: as many as it should keep, one for each seat that waits, none twice; by a made-up clock."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from actors import Settings, Unplaceable
from actors.backends.ray.hosts.understudies import REPLACE_AFTER, Understudies
from actors.membership.seats import Heirs, Seat, Spare, Table, Ties

DRIVER = Seat(0, 1, node="a", heirs=Heirs.NOBODY, takes_anybody=False)
HOSTS = (Seat(1, 2, node="a"), Seat(2, 3, node="b"))


class Director:
    """Counts what is started; each start lasts until the test lets it end."""

    def __init__(self, **settings: Any) -> None:
        self.now = 100.0
        self.begun: list[tuple[str | None, int | None]] = []
        self.withheld: list[int] = []
        self.gates: list[asyncio.Future[None]] = []
        self.understudies = Understudies(
            Settings(**settings), self.make, self.withhold, asyncio.ensure_future, lambda: self.now
        )

    async def make(self, node: str | None, seat: Seat | None) -> None:
        self.begun.append((node, seat.number if seat is not None else None))
        self.gates.append(asyncio.get_running_loop().create_future())
        await self.gates[-1]

    async def withhold(self, seat: int) -> None:
        self.withheld.append(seat)

    async def look(self, *seats: Seat, spares: tuple[Spare, ...] = (), complete: bool = True) -> None:
        self.understudies.look(Table((1, 1), (DRIVER, *seats), complete, spares))
        await settle()

    async def look_late(self, *seats: Seat, spares: tuple[Spare, ...] = ()) -> None:
        """Twice, with the time between them after which a spare is replaced."""
        await self.look(*seats, spares=spares)
        self.now += REPLACE_AFTER
        await self.look(*seats, spares=spares)

    async def end(self) -> None:
        self.understudies.stop()
        await settle()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def direct(main: Callable[[Director], Coroutine[Any, Any, None]], **settings: Any) -> None:
    async def whole() -> None:
        director = Director(**settings)
        await main(director)
        await director.end()

    asyncio.run(whole())


def vacant(seat: Seat, **facts: Any) -> Seat:
    return Seat(seat.number, seat.epoch, node=seat.node, vacant=True, **facts)


def test_each_node_with_hosts_gets_one_spare_a_little_after_the_start() -> None:
    async def main(director: Director) -> None:
        await director.look(*HOSTS)
        assert director.begun == []
        director.now += REPLACE_AFTER
        await director.look(*HOSTS)
        await director.look(*HOSTS)
        assert sorted(director.begun) == [("a", None), ("b", None)]

    direct(main)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_or_as_many_as_the_setting_says(count: int) -> None:
    async def main(director: Director) -> None:
        await director.look_late(*HOSTS)
        assert len(director.begun) == count

    direct(main, spares=count)


def test_what_stands_by_is_not_started_again() -> None:
    async def main(director: Director) -> None:
        await director.look_late(*HOSTS, spares=(Spare("one", "a"), Spare("two", "b")))
        assert director.begun == []

    direct(main)


def test_a_seat_that_waits_while_no_spare_stands_by_gets_a_process_at_once() -> None:
    async def main(director: Director) -> None:
        await director.look(HOSTS[0], vacant(HOSTS[1]))
        assert director.begun == [("b", None)]
        await director.look(HOSTS[0], vacant(HOSTS[1]))
        assert director.begun == [("b", None)]

    direct(main, spares=0)


@pytest.mark.parametrize("why_not", [{"host": "on its way"}, {"withheld": True}])
def test_a_seat_that_has_an_heir_or_may_not_have_one_yet_gets_none(why_not: dict[str, Any]) -> None:
    async def main(director: Director) -> None:
        await director.look_late(HOSTS[0], vacant(HOSTS[1], **why_not))
        assert director.begun == []

    direct(main, spares=0)


def test_a_seat_with_needs_of_its_own_gets_a_process_made_for_it_whoever_stands_by() -> None:
    async def main(director: Director) -> None:
        special = vacant(HOSTS[1], heirs=Heirs.MADE)
        await director.look(HOSTS[0], special, spares=(Spare("one", "a"),))
        await director.look(HOSTS[0], special, spares=(Spare("one", "a"),))
        assert director.begun == [(None, 2)]

    direct(main)


def test_a_seat_for_which_none_can_be_made_is_withheld() -> None:
    async def main(director: Director) -> None:
        await director.look(HOSTS[0], vacant(HOSTS[1], heirs=Heirs.MADE))
        director.gates[0].set_exception(Unplaceable("no such GPU"))
        await settle()
        assert director.withheld == [2]

    direct(main, spares=0)


def test_nothing_is_started_while_the_table_is_rebuilt_or_after_the_end() -> None:
    async def main(director: Director) -> None:
        await director.look(HOSTS[0], vacant(HOSTS[1]), complete=False)
        director.understudies.stop()
        await director.look(HOSTS[0], vacant(HOSTS[1]))
        assert director.begun == []

    direct(main, spares=0)


def test_a_seat_whose_actors_were_to_live_somewhere_gets_a_process_there_unless_a_spare_is() -> None:
    async def main(director: Director) -> None:
        tied = vacant(HOSTS[0], ties=Ties(labels={"zone": "x"}))
        there, elsewhere = Spare("one", "c", labels={"zone": "x"}), Spare("two", "d")
        await director.look(tied, HOSTS[1], spares=(there, elsewhere))
        assert director.begun == []
        await director.look(tied, HOSTS[1], spares=(elsewhere,))
        await director.look(tied, HOSTS[1], spares=(elsewhere,))
        assert director.begun == [(None, 1)]

    direct(main)

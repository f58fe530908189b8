"""The row "its host was lost" of the table of strategies and restart types, where a host can be lost (A9, A11)."""

from collections.abc import Awaitable, Callable
from typing import Any

from actors import Ref, Restart, Strategy, Supervision, anywhere, here
from tests.contract.cast import Recorder
from tests.contract.house import FIRST, LAST, MIDDLE, House, Part, becomes, lives, parts


class Divided(House):
    """The part in the middle lives on another host than all others; there is no restart in the budget."""

    supervision = Supervision(restarts=0)

    async def on_start(self) -> None:
        for label in (FIRST, MIDDLE, LAST):
            restart = self.restart if label == MIDDLE else Restart.TRANSIENT
            placement = anywhere() if label == MIDDLE else here()
            await self.context.options(name=label, placement=placement, restart=restart).spawn(Part, self.log, label)


class DividedForAll(Divided):
    supervision = Supervision(restarts=0, strategy=Strategy.ONE_FOR_ALL)


class DividedForRest(Divided):
    supervision = Supervision(restarts=0, strategy=Strategy.REST_FOR_ONE)


HOUSES: dict[Strategy, type[House]] = {
    Strategy.ONE_FOR_ONE: Divided,
    Strategy.ONE_FOR_ALL: DividedForAll,
    Strategy.REST_FOR_ONE: DividedForRest,
}
ROUNDS = {
    Strategy.ONE_FOR_ONE: ["b start 2"],
    Strategy.ONE_FOR_ALL: ["c stop 1", "a stop 1", "a start 2", "b start 2", "c start 2"],
    Strategy.REST_FOR_ONE: ["c stop 1", "b start 2", "c start 2"],
}


async def lose_the_middle(
    system: Any, strategy: Strategy, restart: Restart, kill: Callable[[Ref[Any]], Awaitable[None]]
) -> None:
    """Kill the host of the part in the middle, and see who is restarted with it, and that nobody was charged."""
    log = await system.options(placement=here()).spawn(Recorder)
    house = await system.options(placement=here()).spawn(HOUSES[strategy], log, restart)
    refs = await parts(house)
    assert refs[1].address.seat not in {refs[0].address.seat, refs[2].address.seat}
    begin = list(await log.ask(Recorder.until(3)))  # copied: on one host it is the recorder's own
    await kill(refs[1])
    if restart is Restart.TEMPORARY:
        expected, again = [], [1, 0, 1]
        await becomes([FIRST, LAST], lambda: house.ask(House.names()))
    else:
        expected = ROUNDS[strategy]
        again = [2 if f"{label} start 2" in expected else 1 for label in (FIRST, MIDDLE, LAST)]
    seen = list(await log.ask(Recorder.until(3 + len(expected))))
    assert seen == begin + expected
    assert await lives(refs) == again
    assert await house.ask(House.life()) == 1
    assert await log.ask(Recorder.until(0)) == seen

"""An actor that crashes its process whenever it starts takes a bounded number of hosts with it."""

import os
import signal

from actors import Actor, Ref, SeatRefused, Supervision, System, call, here, spread
from actors.membership.seats import HostState
from tests.ray.membership.company import Player, ready, until
from tests.ray_stage import Stage


class Powder(Player):
    """Explodes at every start but the first."""

    def on_start(self) -> None:
        if self.context.incarnation > 1:
            os.kill(os.getpid(), signal.SIGKILL)


class Magazine(Actor):
    """Keeps powder, and has more than one life."""

    supervision = Supervision(restarts=1, within=300.0)

    async def on_start(self) -> None:
        if self.context.incarnation > 1:
            raise SeatRefused(f"Life {self.context.incarnation}: no more powder.")
        self.powder = await self.context.options(placement=spread()).spawn(Powder, "gunpowder")

    @call
    def get(self) -> Ref[Powder]:
        return self.powder


def test_a_seat_whose_hosts_crash_again_and_again_is_left_empty_and_named_and_the_crasher_ends(stage: Stage) -> None:
    async def main(_: Stage) -> None:
        async with System(on="ray", hosts=1, spares=1, seat_losses=2, seat_window=300.0) as system:
            await ready(system)
            magazine = await system.options(placement=here()).spawn(Magazine)
            powder = await magazine.ask(Magazine.get())
            (seat,) = [seat for seat in system.host.table.seats if seat.takes_anybody]
            powder.tell(Powder.die())

            async def withheld() -> bool:
                return any(it.withheld for it in (await system.host.directory.table()).seats)

            async def is_over() -> bool:
                return magazine.address.number not in system.host.root.children.table

            await until(withheld)
            (dead,) = [it for it in await system.members() if it.state is HostState.DEAD]
            assert (dead.seat, dead.deaths, dead.epoch > seat.epoch) == (seat.number, 3, True)
            assert 0.0 < dead.withheld <= 10.0
            await until(is_over)
            await ready(system)  # the seat is taken again, and holds
            (held,) = [it for it in (await system.host.directory.table()).seats if it.number == seat.number]
            assert (held.deaths, held.refusals) == (4, 2)

    stage.run(main)

"""An actor that crashes its process whenever it starts takes a bounded number of hosts with it."""

import os
import signal
from typing import Any

from actors import Actor, Ref, SeatRefused, Supervision, System, call, here, spread
from actors.membership.seats import HostState
from tests.ray.membership.company import Player, ready, until

PATIENCE = 120.0
"""Seconds: the seat is withheld for 10, and then for 20, and seven processes start one after the other."""


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


def test_a_seat_whose_hosts_crash_again_and_again_is_left_empty_and_named_and_the_crasher_ends(cluster: Any) -> None:
    del cluster  # the system borrows the Ray that all tests share

    async def main(system: System) -> None:
        await ready(system, patience=PATIENCE)
        magazine = await system.options(placement=here()).spawn(Magazine)
        powder = await magazine.ask(Magazine.get())
        (seat,) = [seat for seat in system.host.table.seats if seat.takes_anybody]
        powder.tell(Powder.die())

        async def withheld() -> bool:
            return any(it.withheld for it in (await system.host.directory.table()).seats)

        async def is_over() -> bool:
            return magazine.address.number not in system.host.root.children.table

        await until(withheld, PATIENCE)
        (dead,) = [it for it in await system.members() if it.state is HostState.DEAD]
        assert (dead.seat, dead.deaths, dead.epoch > seat.epoch) == (seat.number, 3, True)
        assert 0.0 < dead.withheld <= 10.0
        await until(is_over, PATIENCE)
        await ready(system, patience=PATIENCE)  # the seat is taken again, and holds
        (held,) = [it for it in (await system.host.directory.table()).seats if it.number == seat.number]
        assert (held.deaths, held.refusals) == (4, 2)

    System(on="ray", hosts=1, spares=1, seat_losses=2, seat_window=300.0).run(main)

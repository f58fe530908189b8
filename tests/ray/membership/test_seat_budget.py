"""An actor that crashes its process whenever it starts takes a bounded number of hosts with it."""

import os
import signal

from actors import System
from actors.membership.seats import HostState
from tests.ray.membership.company import Player, ready, until
from tests.ray_stage import Stage


class Powder(Player):
    """Explodes at every start but the first."""

    def on_start(self) -> None:
        if self.context.incarnation > 1:
            os.kill(os.getpid(), signal.SIGKILL)


def test_a_seat_whose_hosts_crash_again_and_again_is_left_empty_and_named(stage: Stage) -> None:
    async def main(_: Stage) -> None:
        async with System(on="ray", hosts=1, spares=1, seat_losses=2, seat_window=300.0) as system:
            await ready(system)
            powder = await system.spawn(Powder, "gunpowder")
            (seat,) = [seat for seat in system.host.table.seats if seat.takes_anybody]
            powder.tell(Powder.die())

            async def withheld() -> bool:
                return any(it.withheld for it in (await system.host.directory.table()).seats)

            await until(withheld)
            epochs = {it.seat: it.epoch for it in await system.members() if it.state is HostState.DEAD}
            assert epochs.keys() == {seat.number}
            assert epochs[seat.number] > seat.epoch

    stage.run(main)

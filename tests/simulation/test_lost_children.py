"""Who is restarted with whom when the host of one is lost: every strategy with every restart type, simulated."""

from typing import Any

import pytest

from actors import Ref, Restart, Strategy, System
from actors.testing import Crash, inject
from tests.contract.loss import lose_the_middle


@pytest.mark.parametrize("restart", list(Restart))
@pytest.mark.parametrize("strategy", list(Strategy))
def test_who_is_restarted_with_whom_when_its_host_was_lost(strategy: Strategy, restart: Restart) -> None:
    async def main(system: System) -> None:
        async def kill(ref: Ref[Any]) -> None:
            processes = system._backend.processes.items()
            [place] = [place for place, it in processes if it.host is not None and it.host.seat == ref.address.seat]
            inject(system, Crash(0, place, 1.0))

        await lose_the_middle(system, strategy, restart, kill)

    System(on="simulation", hosts=2).run(main)

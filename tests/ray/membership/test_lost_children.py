"""Who is restarted with whom when the host of one is killed: every strategy with every restart type, on Ray."""

import os
import signal
from typing import Any

import pytest

from actors import Ref, Restart, Strategy
from tests.contract.loss import lose_the_middle
from tests.ray.membership.company import ready
from tests.ray_stage import Stage


@pytest.mark.parametrize("restart", list(Restart))
@pytest.mark.parametrize("strategy", list(Strategy))
def test_who_is_restarted_with_whom_when_its_host_was_lost(stage: Stage, strategy: Strategy, restart: Restart) -> None:
    async def main(system: Stage) -> None:
        await ready(system)

        async def kill(ref: Ref[Any]) -> None:
            os.kill(system.host.seats[ref.address.seat].pid, signal.SIGKILL)

        await lose_the_middle(system, strategy, restart, kill)

    stage.run(main)

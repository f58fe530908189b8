"""A program with an ordinary system on a cluster says which processes it has, and ends in the way it is told.

python -m tests.ray.ordinary_program ADDRESS NAME return|raise|wait|slow|late FOLDER

Its host writes into the folder how its actors end: `ada` stops, and in the slow way `bob` begins to, and never has.
In the late way all stop, and then the hosts take their time, which `bob` stands for.
"""

import asyncio
import os
import sys
import time
from pathlib import Path
from unittest import mock

from actors import System
from actors.backends.ray import calls
from actors.backends.ray.hosts.fleet import Fleet
from actors.backends.ray.system_name import directory_name
from tests.ray.detached_cast import Account


class Written(Account):
    """Writes down that it stops."""

    def __init__(self, owner: str, folder: str) -> None:
        super().__init__(owner, [])
        self.folder = Path(folder)

    def on_stop(self) -> None:
        (self.folder / self.owner).touch()


class Endless(Written):
    """Never has stopped."""

    async def on_stop(self) -> None:
        super().on_stop()
        await asyncio.Event().wait()


async def main(system: System) -> None:
    _, _, _, way, folder = sys.argv
    account = await system.options(name="ada").spawn(Written, "ada", folder)
    _, pid, _, _ = await account.ask(Account.state())
    origin = calls.find(directory_name(sys.argv[2]), "understudy").origin
    directory = await asyncio.to_thread(lambda: calls.get(origin.remote()).life.pid)
    if way == "slow":
        await system.options(name="bob", stop_budget=60.0).spawn(Endless, "bob", folder)
    print(os.getpid(), pid, directory, flush=True)
    if way == "raise":
        raise ValueError("the wrong stand")
    if way != "return":
        await asyncio.Event().wait()


def stop_late(fleet: Fleet, budget: float = 5.0) -> None:
    (Path(sys.argv[4]) / "bob").touch()
    time.sleep(0.5)  # time for a second signal
    STOP(fleet, budget)


STOP = Fleet.stop

if __name__ == "__main__":
    if sys.argv[3] == "late":
        mock.patch.object(Fleet, "stop", stop_late).start()
    System(on="ray", address=sys.argv[1], name=sys.argv[2], hosts=1, spares=0, stop_budget=2.0).run(main)

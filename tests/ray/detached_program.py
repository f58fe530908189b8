"""A script with an actor class of its own makes a detached system on a cluster, says so, and waits to be killed.

python -m tests.ray.detached_program ADDRESS NAME OWNER...
"""

import asyncio
import os
import sys

from actors import Supervision, System
from tests.ray.detached_cast import Account


class OwnAccount(Account):
    """Nobody can import it, so whoever starts it again must have kept its code."""


async def main(system: System) -> None:
    for name in sys.argv[3:]:
        account = await system.options(name=name).spawn(OwnAccount, name, [1])
        await account.ask(Account.add(2))
    print(os.getpid(), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    System(
        on="ray",
        address=sys.argv[1],
        name=sys.argv[2],
        detached=True,
        hosts=2,
        stop_budget=2.0,
        cancel_grace=0.2,
        supervision=Supervision(restarts=5, within=600.0),
    ).run(main)

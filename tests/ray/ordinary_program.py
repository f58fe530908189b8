"""A program with an ordinary system on a cluster says which processes it has, and returns, or waits to be ended.

python -m tests.ray.ordinary_program ADDRESS NAME return|wait
"""

import asyncio
import os
import sys

from actors import System
from tests.ray.detached_cast import Account


async def main(system: System) -> None:
    account = await system.options(name="ada").spawn(Account, "ada", [])
    _, pid, _, _ = await account.ask(Account.state())
    print(os.getpid(), pid, flush=True)
    if sys.argv[3] == "wait":
        await asyncio.Event().wait()


if __name__ == "__main__":
    System(on="ray", address=sys.argv[1], name=sys.argv[2], hosts=1, spares=0, stop_budget=2.0).run(main)

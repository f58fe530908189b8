"""A program for the command line to look into: two hosts, a poisoned message, a loop that hangs.

    python bakery.py FOLDER

It writes the folder of Ray's session into FOLDER/session when all is there, and then does what files there tell it:
`burn` blocks the loop of the host that has /bakery0 until there is a file `cool`; `baking` has /bakery1/oven bake;
`stop` ends the program.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Annotated

from actors import Actor, MailboxOptions, Ref, Sensitive, System, call, retry, spread
from actors.backends.ray.internals import session_folder

FOLDER = Path(sys.argv[1])
LOOK = 0.02


class Oven(Actor):
    mailbox = MailboxOptions(on_failure=retry(0))

    def __init__(self, degrees: int, code: Annotated[str, Sensitive]) -> None:
        self.degrees = degrees
        self.code = code
        self.baked: list[str] = []

    @call
    def bake(self, dish: str, pin: Annotated[str, Sensitive] = "5678") -> int:
        if dish == "plastic":
            raise ValueError("that melts")
        self.baked.append(dish)
        return len(self.baked)


class Bakery(Actor):
    async def on_start(self) -> None:
        self.oven = await self.context.options(name="oven").spawn(Oven, 180, "1234")

    @call
    def give(self) -> Ref[Oven]:
        return self.oven

    @call
    def burn(self, folder: str) -> None:
        while not (Path(folder) / "cool").exists():
            time.sleep(LOOK)  # that the loop hangs is the point


async def main(system: System) -> None:
    bakeries = [await system.options(name=f"bakery{number}", placement=spread()).spawn(Bakery) for number in range(2)]
    oven = await bakeries[1].ask(Bakery.give())
    oven.tell(Oven.bake("plastic"))
    while not await system.quarantine.list():
        pass
    session = FOLDER / "session.new"
    session.write_text(session_folder())
    session.rename(FOLDER / "session")
    burning = False
    baked = 0
    while not (FOLDER / "stop").exists():
        if not burning and (FOLDER / "burn").exists():
            burning = True
            bakeries[0].tell(Bakery.burn(str(FOLDER)))
        if (FOLDER / "baking").exists():
            baked += 1
            oven.tell(Oven.bake(f"roll {baked}"))
        await asyncio.sleep(LOOK)


if __name__ == "__main__":
    System(on="ray", name="bakery", hosts=2, spares=0, stall_limit=300.0).run(main)

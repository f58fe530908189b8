"""`python -m tests.laws.trees --seeds 10000`: hosts die under a supervised tree with names and registrations.

Every seed fails members and hosts, then lets everything be over, and judges: the tree is the one that was declared, no
life acts after its successor, each watch has one end, only the living are registered, and names are free at the end.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from random import Random
from typing import Any, TypeVar

from actors import AskError, Ref, Restart, SpawnFailed, System, here, spread
from actors.address import Address
from actors.backends.simulation.faults import DIRECTORY, Crash, Cut, Fault, FaultPlan, Pause, random_faults
from actors.reception.receptionist import Receptionist
from actors.testing.simulation import run_once
from tests.laws.family import KEY, LEAVES, PATIENT, Leaf, Life, Parent, Register, Top, Watchman, registers
from tests.laws.judging import Judged, judge

T = TypeVar("T")

HOSTS = 3
TURNS = 6
LONG = 8
"""One seed in so many has a fault that is longer than a lease."""
QUIET, LONG_QUIET = 15.0, 40.0
PATIENCE = 60.0
KINDS = ("crash", "crash", "cut", "pause", "reset", "slow", "lag", "directory")
TREE = sorted(
    ["/top", *(f"/top/{branch}" for branch in range(3))] + [f"/top/{it // LEAVES}/{it % LEAVES}" for it in range(9)]
)


def plan_of(seed: int) -> FaultPlan:
    """What goes wrong."""
    random = Random(seed)
    plan = random_faults(random, hosts=HOSTS, seconds=2.0, most=3, kinds=KINDS)
    if seed % LONG:
        return plan
    place = random.randint(1, HOSTS)
    long: tuple[Fault, ...] = (Pause(0.5, place, 11.0), Cut(0.5, (place,), (DIRECTORY,), 14.0), Crash(0.5, place))
    return (long[seed // LONG % len(long)], *plan)


class _Run:
    """One run from beginning to end."""

    def __init__(self, register: Register, seed: int, faults: FaultPlan) -> None:
        self.register = register
        self.random = Random(seed)
        self.nobody_was_lost = seed % LONG and not any(isinstance(it, Crash) for it in faults)
        self.quiet = LONG_QUIET if any(getattr(it, "seconds", 0) > 4 for it in faults) else QUIET

    async def main(self, system: System) -> None:
        """Fail, be quiet, look, stop, look."""
        self.system = system
        self.backend: Any = system._backend
        self.watchman = await system.options(placement=here()).spawn(Watchman)
        spawner = system.options(name="top", placement=spread(), restart=Restart.PERMANENT)
        self.top: Ref[Top] = await self.at_last(lambda: spawner.spawn(Top))
        for _ in range(TURNS):
            await asyncio.sleep(self.random.random() / 2)
            await self.trouble()
        await asyncio.sleep(self.quiet)
        await self.at_last(self.whole_tree)
        await asyncio.sleep(3.0)
        leaves = (await self.whole_tree())[1 + len(Top.kinds) :]
        if self.nobody_was_lost:
            await self.look_at_siblings(leaves)
        self.look("after the quiet", TREE, {it.address for it in leaves})
        if await system.lookup("top") != self.top:
            self.wrong("the name of the tree's root leads to somebody else")
        await system.stop_actor(self.top)
        await asyncio.sleep(2.0)
        self.look("at the end", [], set())
        await self.the_name_is_free()

    async def trouble(self) -> None:
        """Somebody fails, and whoever can be found is watched."""
        try:
            members = await self.whole_tree(timeout=1.0)
        except AskError:
            return
        await self.watchman.ask(Watchman.watch(members))
        self.random.choice(members[1:] * 3 + members[:1]).tell(Leaf.fail())

    async def whole_tree(self, timeout: float = 5.0) -> list[Ref[Any]]:
        """Everybody: the root, its children, and their children, who answer."""
        branches = await self.top.ask(Parent.children(), timeout=timeout)
        leaves = [leaf for it in branches for leaf in await it.ask(Parent.children(), timeout=timeout)]
        for leaf in leaves:
            await leaf.ask(Leaf.lives(), timeout=timeout)
        return [self.top, *branches, *leaves]

    async def at_last(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """What comes of it, once it succeeds."""
        until = asyncio.get_running_loop().time() + PATIENCE
        while True:
            try:
                return await attempt()
            except (AskError, SpawnFailed):
                if asyncio.get_running_loop().time() > until:
                    raise
                await asyncio.sleep(0.5)

    async def look_at_siblings(self, leaves: list[Ref[Any]]) -> None:
        """Who depends on a sibling began anew as often (A11)."""
        lives = [await leaf.ask(Leaf.lives()) for leaf in leaves]
        _, together, rest = (lives[it : it + LEAVES] for it in range(0, len(lives), LEAVES))
        if len({*together}) != 1:
            self.wrong(f"siblings of one_for_all have begun {together} times")
        if rest != sorted(rest):
            self.wrong(f"siblings of rest_for_one have begun {rest} times")

    async def the_name_is_free(self) -> None:
        if await self.system.lookup("top") is not None:
            self.wrong("the name of the tree's root is taken when the tree has ended")
        again = await self.system.options(name="top").spawn(Leaf)
        await self.system.stop_actor(again)

    def look(self, when: str, tree: list[str], leaves: set[Address]) -> None:
        """Whether exactly these live, and exactly these leaves are found on every host."""
        hosts = [it.host for _, it in sorted(self.backend.processes.items()) if it.host is not None]
        cells = [cell for host in hosts for cell in host.cells.values() if not isinstance(cell.actor, Watchman)]
        real = sorted(cell.path or cell.name for cell in cells)
        if real != tree:
            self.wrong(f"{when} there live {real}")
        for host in hosts:
            found = {it.address for it in Receptionist(host).find(KEY)}
            if found != leaves:
                more, fewer = len(found - leaves), len(leaves - found)
                self.wrong(f"{when} seat {host.seat} finds {more} leaves that there are not, and misses {fewer}")

    def wrong(self, text: str) -> None:
        self.register.wrong.append(text)


def no_life_acts_after_its_successor(register: Register) -> Iterator[str]:
    """Once a newer life behind an address has acted, no older one does (A16)."""
    newest: dict[Address, Life] = {}
    for life in register.acts:
        known = newest.get(life.address, life)
        if life[1:] < known[1:]:
            yield f"{life} acted after {known}"
        newest[life.address] = max(life, known, key=lambda it: it[1:])


def every_watch_ends_once(register: Register) -> Iterator[str]:
    """The watchman lives, and at the end nobody whom he watched does (A22, A23)."""
    for address in sorted(register.watched):
        if register.ended[address] != 1:
            yield f"the watch on {address} has {register.ended[address]} ends"


def violations(seed: int, faults: FaultPlan | None = None) -> Judged:
    """What a seed breaks."""
    plan = plan_of(seed) if faults is None else faults
    register = Register()
    registers.append(register)
    try:
        run = run_once(_Run(register, seed, plan).main, seed, faults=plan, hosts=HOSTS, supervision=PATIENT)
    finally:
        registers.remove(register)
    found = [*register.wrong, *no_life_acts_after_its_successor(register)]
    if run.error is not None:
        found.insert(0, f"the run: {type(run.error).__name__}: {run.error}")
    else:
        found += every_watch_ends_once(register)
    return Judged(found, plan, run.messages)


def main(arguments: Sequence[str]) -> int:
    """Run the program; returns its exit status."""
    return judge("tests.laws.trees", __doc__, violations, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

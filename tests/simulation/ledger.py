"""A small supervised application that the simulation's tests run: accounts on several hosts that pay each other."""

import asyncio

from actors import Actor, AskError, Ref, SpawnFailed, Supervision, System, call, spread
from actors.backends.simulation.faults import FaultPlan


class Account(Actor):
    """Money; fails now and then."""

    supervision = Supervision(restarts=100)

    def __init__(self, balance: int) -> None:
        self.balance = balance
        self.told = 0

    @call
    def add(self, amount: int) -> int:
        """Change the balance."""
        self.balance += amount
        self.told += 1
        if self.told % 5 == 0:
            raise ValueError("planned")
        return self.balance

    @call(interleaved=True)
    async def pay(self, amount: int, to: "Ref[Account]") -> int:
        """Ask another account to take the money."""
        await asyncio.sleep(self.context.random.random() / 10)
        return await to.ask(Account.add(amount), timeout=5.0)


async def opened(system: System) -> Ref[Account]:
    """A new account on any host; again if that host dies meanwhile."""
    while True:
        try:
            return await system.options(placement=spread()).spawn(Account, 100)
        except SpawnFailed:
            await asyncio.sleep(0.1)


async def business(system: System) -> list[str]:
    """Pay to and fro; the outcomes in order."""
    accounts = [await opened(system) for _ in range(3)]
    outcomes: list[str] = []

    async def pay(turn: int) -> None:
        one, other = accounts[turn % 3], accounts[(turn + 1) % 3]
        try:
            outcomes.append(str(await one.ask(Account.pay(turn, to=other), timeout=8.0)))
        except AskError as error:
            outcomes.append(f"{type(error).__name__} {error.ran}")

    async with asyncio.TaskGroup() as group:
        for turn in range(12):
            group.create_task(pay(turn))
    return outcomes


def run(seed: int, faults: FaultPlan = ()) -> tuple[str, list[str]]:
    """The hash of the history, and the outcomes."""
    system = System(on="simulation", seed=seed, faults=faults)
    outcomes = system.run(business)
    return system._backend.world.history.hash, outcomes

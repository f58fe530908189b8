"""Interleaving: marked handlers run together, ordinary ones alone, in the order they came (A42)."""

import asyncio
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from actors import Actor, Ref, System, call
from tests.contract.cast import Gate


class Ledger(Actor):
    """Notes who is inside when."""

    def __init__(self) -> None:
        self.readers = 0
        self.writers = 0
        self.most = 0
        self.broken: list[str] = []
        self.order: list[str] = []

    def _check(self, name: str) -> None:
        if self.writers > 1 or (self.writers and self.readers):
            self.broken.append(f"{name}: {self.writers} writers, {self.readers} readers")
        self.most = max(self.most, self.readers)

    async def _stay(self, waits: int) -> None:
        for _ in range(waits):
            await asyncio.sleep(0)
            self._check("inside")

    @call(interleaved=True)
    async def read(self, waits: int) -> None:
        self.readers += 1
        self._check("read")
        await self._stay(waits)
        self.readers -= 1

    @call
    async def write(self, waits: int) -> None:
        self.writers += 1
        self._check("write")
        await self._stay(waits)
        self.writers -= 1

    @call
    def plain(self, waits: int) -> None:
        self.writers += 1
        self._check("plain")
        self.writers -= 1

    @call(interleaved=True)
    async def pass_gate(self, name: str, gate: Ref[Gate]) -> None:
        self.order.append(f"{name} in")
        await gate.ask(Gate.passed())
        self.order.append(f"{name} out")

    @call
    def mark(self, name: str) -> list[str]:
        self.order.append(name)
        return self.order

    @call
    def verdict(self) -> tuple[list[str], int]:
        return self.broken, self.most


def test_interleaved_handlers_run_together_and_ordinary_ones_never_beside_them(system: System) -> None:
    async def main(system: System) -> None:
        for seed in range(100):
            random = Random(seed)
            ledger = await system.spawn(Ledger)
            kinds = [Ledger.read, Ledger.read, Ledger.write, Ledger.plain]
            await asyncio.gather(*(ledger.ask(random.choice(kinds)(random.randrange(5))) for _ in range(30)))
            broken, most = await ledger.ask(Ledger.verdict())
            assert broken == []
            assert most <= 30

    system.run(main)


def test_an_ordinary_message_waits_for_readers_before_it_and_readers_after_it_wait_for_it(system: System) -> None:
    async def main(system: System) -> None:
        gate, ledger = await system.spawn(Gate), await system.spawn(Ledger)
        first = [asyncio.ensure_future(ledger.ask(Ledger.pass_gate(name, gate))) for name in ("one", "two")]
        await gate.ask(Gate.reached(2))  # both are inside at once
        marked = asyncio.ensure_future(ledger.ask(Ledger.mark("ordinary")))
        last = asyncio.ensure_future(ledger.ask(Ledger.pass_gate("three", gate)))
        await gate.ask(Gate.open())
        await asyncio.gather(*first, marked, last)
        order = await ledger.ask(Ledger.mark("end"))
        assert order[:2] == ["one in", "two in"]
        assert order.index("ordinary") > max(order.index("one out"), order.index("two out"))
        assert order.index("three in") > order.index("ordinary")

    system.run(main)


@settings(max_examples=25, deadline=None)
@given(plan=st.lists(st.tuples(st.sampled_from(["read", "write", "plain"]), st.integers(0, 3)), max_size=40))
def test_no_plan_of_reads_and_writes_breaks_the_rule(plan: list[tuple[str, int]]) -> None:
    async def main(system: System) -> None:
        ledger = await system.spawn(Ledger)
        asks = [ledger.ask(getattr(Ledger, kind)(waits)) for kind, waits in plan]
        await asyncio.gather(*asks)
        assert (await ledger.ask(Ledger.verdict()))[0] == []

    System(on="local").run(main)

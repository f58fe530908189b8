"""A known workload: a counter of requests goes through a shop, a bank and a ledger, each on a host of its own."""

import asyncio
import os
from typing import Any

from opentelemetry import trace

from actors import Actor, Failed, Ref, Role, call
from actors import Operation as Work

REQUEST = "app.request.id"


class Ledger(Actor):
    """The end of the chain."""

    def __init__(self) -> None:
        self.lines = 0
        self.ticks = 0

    @call
    def write(self, number: int) -> None:
        trace.get_current_span().set_attribute(REQUEST, number)
        self.lines += 1

    @call
    def wind(self, count: int) -> None:
        for number in range(count):
            self.context.timers.once(number, 0.001, Ledger.tick())

    @call
    def tick(self) -> None:
        self.ticks += 1

    @call
    def look(self) -> tuple[int, int]:
        return self.lines, self.ticks

    @call
    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Bank(Actor):
    """Charges, refuses, and can be killed."""

    def __init__(self, ledger: Ref[Ledger]) -> None:
        self.ledger = ledger

    @call(interleaved=True)
    async def charge(self, number: int) -> int:
        with trace.get_tracer("users").start_as_current_span("compute") as span:
            span.set_attribute(REQUEST, number)
            await asyncio.sleep(0.05 if number == 0 else 0.001)
        self.ledger.tell(Ledger.write(number))
        return number

    @call
    def refuse(self) -> None:
        raise ValueError("no money")

    @call
    def pid(self) -> int:
        return os.getpid()

    @call
    async def hang(self) -> None:
        await asyncio.sleep(60.0)


class Shop(Actor):
    """Where requests come in."""

    def __init__(self, bank: Ref[Bank], ledger: Ref[Ledger]) -> None:
        self.bank = bank
        self.ledger = ledger

    @call(interleaved=True)
    async def order(self, number: int) -> int:
        trace.get_current_span().set_attribute(REQUEST, number)
        return await self.bank.ask(Bank.charge(number))

    @call
    async def forgive(self) -> str:
        try:
            await self.bank.ask(Bank.refuse())
        except Failed as error:
            return error.text
        return ""

    @call
    async def risk(self) -> None:
        await self.bank.ask(Bank.hang())

    @call
    async def fan_out(self, width: int) -> None:
        await asyncio.gather(*(self.bank.ask(Bank.charge(number + 1)) for number in range(width)))

    @call
    def burst(self, count: int) -> None:
        for number in range(count):
            self.ledger.tell(Ledger.write(number))


async def serve(system: Any, shop: Ref[Shop], number: int) -> int:
    """One request, as an edge of the driver takes it."""
    facts = {REQUEST: number}
    with system.telemetry.operation(Work(role=Role.SERVER, name="POST /orders", root=True, facts=facts)):
        return await shop.ask(Shop.order(number))

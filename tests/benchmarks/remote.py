"""Asking and telling from one host to another, neither of them the driver, beside raw Ray calls in the same Ray."""

from contextlib import asynccontextmanager
from functools import partial
from statistics import quantiles
from time import perf_counter
from typing import Any

from actors import Actor, Ref, System, call, spread
from tests.benchmarks.messages import KINDS, Counter, bursts
from tests.benchmarks.peers.casty_peer import casty_pair
from tests.benchmarks.peers.ray_peer import ray_pair
from tests.benchmarks.peers.thespian_peer import thespian_askers, thespian_tellers
from tests.benchmarks.peers.xoscar_peer import xoscar_pair
from tests.benchmarks.rounds import Measured, Sample, calibrated
from tests.benchmarks.rows import at_least, at_most, row
from tests.benchmarks.run import MICROSECONDS, Missing, Opening, Run

RAY = "Ray"
PATIENCE = 120.0
"""Seconds for one round."""


class Driver(Actor):
    """An actor on one host that asks and tells one on another."""

    @call
    async def asks(self, target: "Ref[Counter]", count: int) -> list[float]:
        """The latency in seconds of each of so many asks, one after the other."""
        latencies: list[float] = []
        for number in range(count):
            began = perf_counter()
            await target.ask(Counter.hit(number))
            latencies.append(perf_counter() - began)
        return latencies

    @call
    async def tells(self, target: "Ref[Counter]", kind: str, count: int) -> float:
        """The seconds of so many tells until the last is handled; at most two bursts are on their way.

        Raises RuntimeError if one was lost, for what is lost is told quickly.
        """
        make = KINDS[kind]
        before = await target.ask(Counter.total())
        earlier = None
        began = perf_counter()
        for size in bursts(count):
            for number in range(size):
                target.tell(make(number))
            handled = target.ask(Counter.total())
            if earlier is not None:
                await earlier
            earlier = handled
        after = await earlier if earlier is not None else before
        took = perf_counter() - began
        if after - before != count:
            raise RuntimeError(f"{count - (after - before)} of {count} messages were lost.")
        return took

    @call
    async def carries(self, target: "Ref[Counter]", size: int, count: int) -> float:
        """The seconds of so many asks with a numpy array of so many bytes."""
        import numpy as np

        payload = np.ones(size, np.uint8)
        began = perf_counter()
        for _ in range(count):
            await target.ask(Counter.weigh(payload))
        return perf_counter() - began


class Pair:
    """Two actors on two hosts, told from here."""

    def __init__(self, driver: Ref[Driver], target: Ref[Counter]) -> None:
        self._driver = driver
        self._target = target

    async def tell(self, verb: str, *arguments: Any) -> Any:
        """Have the driving actor do something."""
        return await self._driver.ask(getattr(Driver, verb)(self._target, *arguments), timeout=PATIENCE)

    def contest(self, verb: str, *arguments: Any) -> Any:
        """A contestant that does so many of something."""

        async def contest(count: int) -> float:
            return float(await self.tell(verb, *arguments, count))

        return contest


@asynccontextmanager
async def two_hosts() -> Opening[Pair]:
    """Actors on two hosts of a system on Ray; raises RuntimeError if they are not on two, or on the driver."""
    try:
        system = System(on="ray")
    except ImportError as error:
        raise Missing(f"System(on='ray') is not to be had here: {error}.") from None
    async with system:
        there = system.options(placement=spread())
        driver, target = await there.spawn(Driver), await there.spawn(Counter)
        seats = {driver.address.seat, target.address.seat, system.host.seat}
        if len(seats) < 3:
            raise RuntimeError(f"Driver, asker and asked must be on three hosts, but are on the seats {seats}.")
        yield Pair(driver, target)


def quantile(pair: Any, percent: int, count: int) -> Sample:
    """A sample: the quantile of the latencies of so many asks, in µs."""

    async def sample() -> float:
        latencies = await pair.tell("asks", count)
        return quantiles(latencies, n=100, method="inclusive")[percent - 1] * MICROSECONDS

    return sample


async def asks(run: Run, percent: int) -> Measured:
    """Latencies; a round of each contestant lasts about as long."""
    ours = await run.use(two_hosts)
    openers = {RAY: ray_pair, "Thespian": thespian_askers, "xoscar": xoscar_pair, "Casty": casty_pair}
    samples: dict[str, Sample] = {}
    for name, pair in {"ours": ours, **await run.peers(openers)}.items():

        async def contest(count: int, pair: Any = pair) -> float:
            return sum(await pair.tell("asks", count))

        count = await calibrated(contest, 2 * run.pace.seconds, least=10)
        samples[name] = quantile(pair, percent, min(count, 20_000))
    return await run.figures(samples.pop("ours"), samples)


row("remote.ask.p50", unit="µs", what="an ask to another process, median", targets=[at_most(1 / 15, over=RAY)])(
    partial(asks, percent=50)
)
row("remote.ask.p99", unit="µs", what="an ask to another process, 99 of 100 are quicker")(partial(asks, percent=99))


async def tells(run: Run, kind: str) -> Measured:
    """Messages of one kind; the peers' messages are theirs, so they are compared with once."""
    ours = await run.use(two_hosts)
    openers: dict[str, Any] = {RAY: ray_pair}
    if kind == "struct":
        openers |= {"Thespian": thespian_tellers, "xoscar": xoscar_pair, "Casty": casty_pair}
    peers = await run.peers(openers)
    return await run.rates(ours.contest("tells", kind), {name: peer.contest("tells") for name, peer in peers.items()})


for _kind in KINDS:
    row(
        f"remote.tell.{_kind}",
        unit="1/s",
        what=f"new messages ({_kind}) told to another process",
        targets=[at_least(100, over=RAY), at_least(400_000)] if _kind == "struct" else [],
    )(partial(tells, kind=_kind))

"""Telling within one process: each kind of message, the same one again and again and a new one each time.

Told in bursts that all contestants get alike; in one row all at once.
"""

from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from time import perf_counter
from typing import Any

from actors import Ref, System
from tests.benchmarks.messages import BURST, FLOOD, KINDS, Counter, Later, Struct, bursts
from tests.benchmarks.peers.bare import BareLoop
from tests.benchmarks.peers.casty_peer import casty_local
from tests.benchmarks.peers.pykka_peer import pykka_actor
from tests.benchmarks.peers.thespian_peer import thespian_actor
from tests.benchmarks.peers.xoscar_peer import xoscar_local
from tests.benchmarks.rounds import Contest, Measured, Sample
from tests.benchmarks.rows import at_least, row
from tests.benchmarks.run import Opening, Run

DOMINATED = ("pydantic.new", "dataclass.new")
"""Rows in which making the message costs more than telling it; whoever tells it."""


@asynccontextmanager
async def local_counter() -> Opening[Ref[Counter]]:
    """An actor that counts, in a system of this process."""
    async with System(on="local") as system:
        yield await system.spawn(Counter)


def telling(
    tell: Callable[[Any], object], flush: Callable[[], Awaitable[object]], make: Any, *, new: bool, burst: int = BURST
) -> Contest:
    """Tell in bursts, each until all of it is handled."""

    async def contest(count: int) -> float:
        message = make(1)
        began = perf_counter()
        for size in bursts(count, burst):
            if new:
                for number in range(size):
                    tell(make(number))
            else:
                for _ in range(size):
                    tell(message)
            await flush()
        return perf_counter() - began

    return contest


async def tells(run: Run, make: Any, *, new: bool, everybody: bool = False) -> Measured:
    """Our actor against the bare loop and Pykka with the same messages and, if wanted, against all other peers."""
    ref = await run.use(local_counter)
    near = await run.peers({"Pykka": pykka_actor} | ({"Thespian": thespian_actor} if everybody else {}))
    far = await run.peers({"xoscar": xoscar_local, "Casty": casty_local} if everybody else {})
    bare = BareLoop()
    peers = {"bare loop": telling(bare.tell, bare.flush, make, new=new)}
    peers |= {name: telling(peer.tell, peer.flush, make, new=new) for name, peer in near.items()}
    peers |= {name: peer.contest("tells") for name, peer in far.items()}
    return await run.rates(telling(ref.tell, lambda: ref.ask(Counter.total()), make, new=new), peers)


for _kind, _make in KINDS.items():
    for _age in ("same", "new"):
        row(
            f"tell.{_kind}.{_age}",
            unit="1/s",
            what=f"{'a new' if _age == 'new' else 'the same'} message ({_kind}) told to a def handler",
            targets=[] if f"{_kind}.{_age}" in DOMINATED else [at_least(3, over="Pykka")],
        )(partial(tells, make=_make, new=_age == "new", everybody=_make is Struct and _age == "new"))

row("tell.async", unit="1/s", what="a new struct told to an async def handler")(partial(tells, make=Later, new=True))


@row("tell.flood", unit="1/s", what=f"{FLOOD:,} new structs told to a def handler before any is handled")
async def flood(run: Run) -> Measured:
    """What a queue that has grown costs, and threads that produce and consume at the same time."""
    ref = await run.use(local_counter)
    peers = await run.peers({"Pykka": pykka_actor})
    count = 1_000 if run.quick else FLOOD

    def rate(tell: Callable[[Any], object], flush: Callable[[], Awaitable[object]]) -> Sample:
        contest = telling(tell, flush, Struct, new=True, burst=count)

        async def sample() -> float:
            return count / await contest(count)

        return sample

    samples = {name: rate(peer.tell, peer.flush) for name, peer in peers.items()}
    return await run.figures(rate(ref.tell, lambda: ref.ask(Counter.total())), samples)

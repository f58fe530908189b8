"""Asking within one process, one ask after the other, beside a bare hop through the same loop."""

from functools import partial
from time import perf_counter
from typing import Any

from tests.benchmarks.messages import Counter
from tests.benchmarks.peers.bare import hops
from tests.benchmarks.peers.casty_peer import casty_local
from tests.benchmarks.peers.pykka_peer import pykka_actor
from tests.benchmarks.peers.thespian_peer import thespian_actor
from tests.benchmarks.peers.xoscar_peer import xoscar_local
from tests.benchmarks.rounds import Measured
from tests.benchmarks.rows import at_most, row
from tests.benchmarks.run import Run
from tests.benchmarks.tell import local_counter

HOP = "bare hop"


async def asks(run: Run, make: Any, *, everybody: bool) -> Measured:
    """Our actor against the bare hop and, if wanted, against the peers."""
    ref = await run.use(local_counter)
    near = await run.peers({"Pykka": pykka_actor, "Thespian": thespian_actor} if everybody else {})
    far = await run.peers({"xoscar": xoscar_local, "Casty": casty_local} if everybody else {})

    async def ours(count: int) -> float:
        ask = ref.ask
        began = perf_counter()
        for number in range(count):
            await ask(make(number))
        return perf_counter() - began

    def total(peer: Any) -> Any:
        async def contest(count: int) -> float:
            return sum(await peer.tell("asks", count))

        return contest

    peers = {HOP: hops} | {name: peer.asks for name, peer in near.items()}
    return await run.times(ours, peers | {name: total(peer) for name, peer in far.items()})


row("ask.def", unit="µs", what="an ask answered by a def handler", targets=[at_most(2.5, over=HOP)])(
    partial(asks, make=Counter.hit, everybody=True)
)
row("ask.async", unit="µs", what="an ask answered by an async def handler", targets=[at_most(4, over=HOP)])(
    partial(asks, make=Counter.hit_later, everybody=False)
)

"""Asks that carry a numpy array from one host to another, beside raw Ray calls with the same array."""

from functools import partial

from tests.benchmarks.peers.ray_peer import ray_pair
from tests.benchmarks.peers.xoscar_peer import xoscar_pair
from tests.benchmarks.remote import RAY, two_hosts
from tests.benchmarks.rounds import Measured
from tests.benchmarks.rows import row
from tests.benchmarks.run import MILLISECONDS, Run

KB, MB = 1_000, 1_000_000
SIZES = {"64KB": 64 * KB, "1MB": MB, "10MB": 10 * MB, "100MB": 100 * MB}


async def carries(run: Run, size: int) -> Measured:
    """The time of an ask with the payload, answered with its length."""
    ours = await run.use(two_hosts)
    peers = await run.peers({RAY: ray_pair, "xoscar": xoscar_pair})
    contests = {name: peer.contest("carries", size) for name, peer in peers.items()}
    return await run.times(ours.contest("carries", size), contests, MILLISECONDS)


for _name, _size in SIZES.items():
    row(f"payload.{_name}", unit="ms", what=f"an ask to another process with an array of {_name}")(
        partial(carries, size=_size)
    )

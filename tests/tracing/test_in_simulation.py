"""A simulated system is traced like a real one, across its hosts."""

from actors import System, spread
from tests.tracing.caught import Catching, named
from tests.tracing.workload import Bank, Ledger, Shop


def test_a_request_crosses_simulated_hosts_in_one_trace():
    catching = Catching()

    async def main(system: System) -> None:
        everywhere = system.options(placement=spread())
        ledger = await everywhere.spawn(Ledger)
        bank = await everywhere.spawn(Bank, ledger)
        shop = await everywhere.spawn(Shop, bank, ledger)
        assert await shop.ask(Shop.order(1)) == 1
        await ledger.ask(Ledger.pause(0.1))

    System(on="simulation", instrument=catching).run(main)
    spans = catching.seen()
    [first] = [span for span in named(spans, "Shop/order") if span.kind == "client"]
    whole = [span for span in spans if span.trace == first.trace]
    assert sorted(span.name for span in whole) == [
        "Bank/charge",
        "Bank/charge",
        "Shop/order",
        "Shop/order",
        "compute",
        "process Ledger.write",
        "send Ledger.write",
    ]
    assert len({span.resource["understudy.seat"] for span in whole}) > 2

"""A collector that decides when a trace is over keeps every failing one, whole, and no other."""

from uuid import uuid4

import pytest

from actors import Failed, System
from tests.jaeger.building import building
from tests.jaeger.server import running
from tests.tracing.caught import by_trace, configuration, named
from tests.tracing.workload import Bank, Ledger, Shop
from tracing.setup import Tracing

FAILING = 5


def test_every_trace_with_an_error_is_kept_whole_and_no_other(tmp_path):
    app = f"app{uuid4().hex[:6]}"
    with running(building.wait(), tmp_path, "errors_only.yaml") as jaeger:
        there = {"traces": "otlp", "traces_endpoint": f"{jaeger.endpoint}/v1/traces"}

        async def main(system: System) -> None:
            ledger = await system.spawn(Ledger)
            bank = await system.spawn(Bank, ledger)
            shop = await system.spawn(Shop, bank, ledger)
            for number in range(30):
                assert await shop.ask(Shop.order(number + 1)) == number + 1
            for _ in range(FAILING):
                assert await shop.ask(Shop.forgive()) == "no money"
            with pytest.raises(Failed):
                await bank.ask(Bank.refuse())

        System(on="local", instrument=Tracing(configuration(app=app, **there))).run(main)
        spans = jaeger.settled(app, lambda found: len(by_trace(found)) > FAILING)
    kept = by_trace(spans).values()
    assert len(kept) == FAILING + 1
    assert all(any(span.error == "ValueError" for span in it) for it in kept)
    whole = [it for it in kept if named(it, "Shop/forgive")]
    assert len(whole) == FAILING
    for it in whole:
        assert sorted(f"{span.kind} {span.name}" for span in it if span.kind != "internal") == [
            "client Bank/refuse",
            "client Shop/forgive",
            "server Bank/refuse",
            "server Shop/forgive",
        ]

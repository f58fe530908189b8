"""Starts and ends as signals: what is idempotent, and what the counters say."""

import asyncio

from actors import System
from actors.supervising.signals import EndReason, StartChild, StopChild
from tests.contract.cast import Gate, Recorder, Worker, restarted


def test_a_start_that_is_commanded_twice_gives_one_incarnation() -> None:
    async def main(system: System) -> None:
        log, host = await system.spawn(Recorder), system.host
        worker = await system.spawn(Worker, log)
        cell = host.cells[worker.address.number]
        again = StartChild(worker.address, 2, cell.spec, cell.parent, cell.path)
        for _ in range(3):
            host.signal(worker.address, again)
        assert await restarted(worker, 2) == 2
        host.signal(worker.address, StartChild(worker.address, 1, cell.spec, cell.parent, cell.path))
        host.signal(worker.address, StartChild(worker.address, 9, cell.spec, cell.parent, cell.path))
        assert await worker.ask(Worker.incarnation()) == 2
        assert await log.ask(Recorder.until(3)) == ["worker start 1", "worker stop 1", "worker start 2"]
        assert (await system.stats())[0].restarts == 1

    System(on="local").run(main)


def test_a_stop_that_comes_during_a_restart_ends_the_address_once() -> None:
    async def main(system: System) -> None:
        gate, log, host = await system.spawn(Gate), await system.spawn(Recorder), system.host
        worker = await system.spawn(Worker, log)
        holding = asyncio.ensure_future(worker.ask(Worker.hold(gate)))
        await gate.ask(Gate.reached(1))
        cell = host.cells[worker.address.number]
        host.signal(worker.address, StartChild(worker.address, 2, cell.spec, cell.parent, cell.path))
        for _ in range(2):
            host.signal(worker.address, StopChild(worker.address, host.root.address, EndReason.STOPPED))
        await asyncio.gather(holding, return_exceptions=True)
        await log.ask(Recorder.watch(worker))
        seen = await log.ask(Recorder.until(3))
        assert seen[:2] == ["worker start 1", "worker stop 1"]
        assert worker.address.number not in host.cells

    System(on="local").run(main)

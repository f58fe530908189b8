"""Watches and ends match one to one when processes are killed, by a log that lies outside of them (A22, A23)."""

import asyncio
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

from actors import Actor, EndReason, Ref, Terminated, call, dedicated, here, near, receive
from tests.ray.system.cast import Worker
from tests.ray_stage import Stage

PATIENCE = 30.0
TARGETS = 20


class Witness(Actor):
    """Writes down whom it watches, before it does, and of whom it hears."""

    def __init__(self, name: str, log: str) -> None:
        self.name = name
        self.log = os.open(log, os.O_WRONLY | os.O_APPEND)

    def _write(self, what: str, ref: Ref[Any], why: str = "") -> None:
        os.write(self.log, f"{what} {self.name} {ref.address.seat}.{ref.address.number} {why}\n".encode())

    @call
    def watch(self, refs: list[Ref[Any]]) -> None:
        for ref in refs:
            self._write("watch", ref)
            self.context.watch(ref)

    @receive
    def ended(self, event: Terminated) -> None:
        self._write("end", event.ref, str(event.reason))

    @call
    def ready(self) -> None:
        """Everything told before has been handled."""


def entries(log: Path, what: str) -> Counter[tuple[str, str]]:
    """Who has watched whom, or has heard of whose end, and how often."""
    lines = [line.split() for line in log.read_text().splitlines()]
    return Counter((name, target) for kind, name, target, *_ in lines if kind == what)


def test_each_watch_on_what_killed_processes_had_has_one_end(stage: Stage, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()

    async def main(system: Stage) -> None:
        witnesses = [await system.spawn(Witness, f"w{number}", str(log)) for number in range(3)]
        witnesses.append(await system.options(placement=here()).spawn(Witness, "driver", str(log)))
        first = await system.options(placement=dedicated()).spawn(Worker)
        pid = await first.ask(Worker.pid())
        beside = system.options(placement=near(first))
        mine, others = [[await beside.spawn(Worker) for _ in range(TARGETS)] for _ in range(2)]
        doomed = await beside.spawn(Witness, "doomed", str(log))
        await doomed.ask(Witness.watch([*mine, *witnesses]))
        for witness in witnesses:
            await witness.ask(Witness.watch(mine))
        for target in mine[:5]:
            await system.stop_actor(target)
        for witness in witnesses:
            witness.tell(Witness.watch(others))  # perhaps before, perhaps after the kill
        os.kill(pid, signal.SIGKILL)
        for witness in witnesses:
            witness.tell(Witness.watch([first]))
            await witness.ask(Witness.ready())

        def living(found: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
            return Counter({key: count for key, count in found.items() if key[0] != "doomed"})

        async with asyncio.timeout(PATIENCE):
            while living(entries(log, "end")) != living(entries(log, "watch")):  # noqa: ASYNC110 - a file tells nobody
                await asyncio.sleep(0.05)
        for witness in witnesses:
            await witness.ask(Witness.ready())
        watched, ended = entries(log, "watch"), entries(log, "end")
        assert living(ended) == living(watched)
        assert len(living(watched)) == len(witnesses) * (2 * TARGETS + 1)
        assert set(living(watched).values()) == {1}
        assert ended - watched == Counter()  # nobody has heard of what he did not watch, the dead neither
        reasons = {line.split()[3] for line in log.read_text().splitlines() if line.startswith("end")}
        assert {EndReason.STOPPED, EndReason.HOST_LOST} <= reasons <= set(EndReason)

    stage.run(main)

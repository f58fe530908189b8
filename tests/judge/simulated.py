"""Histories of the objects in simulated worlds in the middle of which things go wrong, judged seed by seed.

`python -m tests.judge.simulated --seeds 100` judges the honest objects over so many seeds.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Any

from actors import AskError, Ref, System, here, on_node
from actors.backends.simulation.faults import Crash, Cut, Fault, Lag, Pause, Reset
from actors.testing import History
from actors.testing.simulation import inject, seed_of, simulate
from tests.judge import cast, clients
from tests.judge.judge import Judge, Verdict, build

PAUSE = 0.002
"""Seconds that an operation takes, so that clients wait for each other."""

TIMEOUT = 0.5
"""Seconds after which a client gives an operation up; cuts and pauses are longer."""

FRESH = 0.25
"""Seconds after which the clients take other keys, so that what ended unknown does not make all that follows hard."""

MORE = 40
"""Operations between two faults."""

OBJECT, DOOMED = 1, 3
"""The places of the object, and of the client whose host is killed."""

PLACES = {"near": 0, "far-0": 2, "far-1": 2, "beside": OBJECT, "doomed": DOOMED}
"""The clients, and where they are; 0 is the driver."""

LEAST = {"ok": 150, "overlapping": 75, "faults": 4}
"""What a history must have at least to be judged."""

HONEST: dict[str, tuple[type[clients.Work], list[Any]]] = {
    "register": (clients.RegisterWork, [cast.Register]),
    "lock": (clients.LockWork, [cast.Lock, cast.Resource]),
    "lock with leases": (clients.LockWork, [cast.Lock, cast.Resource]),
    "semaphore": (clients.SemaphoreWork, [cast.Semaphore]),
    "queue": (clients.QueueWork, [cast.Queue]),
    "set": (clients.CollectionWork, [cast.Collection]),
}


def plan_of(seed: int) -> list[Fault]:
    """What goes wrong, one after the other: always a crash, and always something that is longer than clients wait."""
    random = Random(seed)
    far = random.choice([(0,), (2,), (0, 2)])
    late: list[Fault] = [
        Cut(0.0, (OBJECT,), far, 1.5),
        Cut(0.0, (OBJECT,), far, 1.5, one_way=True),
        Cut(0.0, far, (OBJECT,), 1.5, one_way=True),
        Pause(0.0, OBJECT, 1.2),
        Pause(0.0, 2, 1.2),
    ]
    other: list[Fault] = [Reset(0.0, OBJECT, 2), Reset(0.0, 0, OBJECT), Lag(0.0, OBJECT, 2, 1.0, 0.1)]
    plan = [Crash(0.0, DOOMED, 1.0), *random.sample(late, 2), random.choice(other)]
    random.shuffle(plan)
    return plan


def judged(judge: Judge, folder: Path, name: str, seed: int, kinds: list[Any] | None = None) -> Verdict:
    """The verdict on what clients heard of these actors, or of the honest ones, in the world of this seed."""
    work, honest = HONEST[name]
    place = folder / f"{name.replace(' ', '-')}-{seed}"
    place.mkdir()
    scene = _Scene(place, work, kinds or honest, lease=0.05 if name == "lock with leases" else None)
    simulate(scene.main, seed, hosts=3)
    options = {"limit": 2} if name == "semaphore" else {}
    return judge.judge(name.split(maxsplit=1)[0], place, **LEAST, **options)


class _Scene:
    """Clients at work on objects, while things go wrong."""

    def __init__(self, folder: Path, work: type[clients.Work], kinds: list[Any], lease: float | None) -> None:
        self.folder = folder
        self.work = work
        self.kinds = kinds
        self.lease = lease

    async def main(self, system: System) -> None:
        """From the first operation to the last."""
        targets = [await system.options(placement=_at(OBJECT)).spawn(kind, PAUSE) for kind in self.kinds]
        workers = {
            process: await system.options(placement=_at(place)).spawn(self.work) for process, place in PLACES.items()
        }
        tasks = [self.begun(worker, process, targets) for process, worker in workers.items()]
        with History(self.folder / "faults.jsonl", clock=clients.shared_clock()) as history:
            await targets[0].ask(cast.Counted.more(MORE))
            for fault in plan_of(seed_of(system)):
                crash = isinstance(fault, Crash)
                history.fault(type(fault).__name__, lost=["doomed"] if crash else [])
                inject(system, fault)
                await targets[0].ask(cast.Counted.more(MORE))
            await asyncio.sleep(1.0)  # until the last one is over
            await targets[0].ask(cast.Counted.more(MORE))
        for worker in workers.values():
            worker.tell(clients.Work.finish())
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        left = [process for process, end in zip(workers, ends, strict=True) if isinstance(end, AskError)]
        assert left == ["doomed"], ends

    def begun(self, worker: Ref[clients.Work], process: str, targets: list[Any]) -> "asyncio.Future[int]":
        task = clients.Task(
            str(self.folder), process, targets, list("xy"), timeout=TIMEOUT, rest=0.015, fresh=FRESH, lease=self.lease
        )
        return asyncio.ensure_future(worker.ask(clients.Work.work(task), timeout=None))


def _at(place: int) -> Any:
    return on_node(f"place-{place}") if place else here()


def main(arguments: list[str]) -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="python -m tests.judge.simulated", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many, for each object")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    options = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    judge, wrong = build(), 0
    for name in HONEST:
        ok = unknown = overlapping = faults = 0
        for seed in range(options.first, options.first + options.seeds):
            with tempfile.TemporaryDirectory() as folder:
                verdict = judged(judge, Path(folder), name, seed)
            if verdict.verdict != "ok":
                wrong += 1
                print(f"{name}, seed {seed}: {verdict}")
            counts = verdict.counts
            ok, unknown = ok + counts.ok, unknown + counts.unknown
            overlapping, faults = overlapping + counts.overlapping, faults + counts.faults
        told = f"{ok:,} operations ok, {unknown:,} unknown, {overlapping:,} overlapping, {faults:,} faults among them"
        print(f"{name}: {options.seeds} histories, {told}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

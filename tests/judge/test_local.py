"""Histories of small objects under many clients on one host: the judge takes the honest ones, refuses planted bugs."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from actors import System
from actors.testing import run
from tests.judge import cast, clients, planted
from tests.judge.judge import Judge, Verdict

CLIENTS = 8
ROUNDS = 80
LEAST = {"ok": CLIENTS * ROUNDS, "overlapping": CLIENTS * ROUNDS // 3, "faults": 0}

HONEST = {
    "register": (clients.RegisterWork, [cast.Register]),
    "lock": (clients.LockWork, [cast.Lock, cast.Resource]),
    "lock with leases": (clients.LockWork, [cast.Lock, cast.Resource]),
    "semaphore": (clients.SemaphoreWork, [cast.Semaphore]),
    "queue": (clients.QueueWork, [cast.Queue]),
    "set": (clients.CollectionWork, [cast.Collection]),
}
PLANTED = [
    ("register", [planted.LostUpdate]),
    ("register", [planted.StaleRead]),
    ("register", [planted.LostWrite]),
    ("lock", [planted.DoubleGrant, cast.Resource]),
    ("lock", [planted.StaleToken, cast.Resource]),
    ("lock", [cast.Lock, planted.TakesAll]),
    ("lock with leases", [planted.ShortLease, cast.Resource]),
    ("semaphore", [planted.OneTooMany]),
    ("semaphore", [planted.Leak]),
    ("queue", [planted.Reordered]),
    ("queue", [planted.LostElement]),
    ("queue", [planted.Twice]),
    ("set", [planted.LostMember]),
    ("set", [planted.Ghost]),
]


def judged(judge: Judge, folder: Path, name: str, actors: list[Any]) -> Verdict:
    """The verdict on what clients heard of these actors."""
    work, _ = HONEST[name]
    leases = name == "lock with leases"

    async def main(system: System) -> None:
        targets = [await system.spawn(kind) for kind in actors]
        tasks = [
            clients.Task(str(folder), f"client-{number}", targets, list("wxyz"), ROUNDS, lease=0.01 if leases else None)
            for number in range(CLIENTS)
        ]
        workers = [await system.spawn(work) for _ in tasks]
        await asyncio.gather(
            *(worker.ask(clients.Work.work(task)) for worker, task in zip(workers, tasks, strict=True))
        )

    run(main)
    options = {"limit": 2} if name == "semaphore" else {}
    verdict = judge.judge(name.split(maxsplit=1)[0], folder, **LEAST, **options)
    print(verdict)
    return verdict


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_object_is_taken(judge, tmp_path, name):
    verdict = judged(judge, tmp_path, name, HONEST[name][1])
    assert verdict.verdict == "ok", verdict


@pytest.mark.parametrize(
    ("name", "actors"), PLANTED, ids=lambda it: it if isinstance(it, str) else "-".join(kind.__name__ for kind in it)
)
def test_a_planted_bug_is_refused(judge, tmp_path, name, actors):
    assert judged(judge, tmp_path, name, actors).verdict == "illegal"

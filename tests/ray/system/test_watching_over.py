"""What a system on Ray says of itself and of who is registered, while hosts are stopped, killed, and new."""

import asyncio
import contextlib
import json
import os
import signal
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError

import pytest

from actors import Health, Ref, ServiceKey, Settings, System, call, dedicated
from actors.backends.ray import calls
from tests.ray.system.cast import Worker
from tests.ray_stage import Stage
from tests.standstill import stop


class Clerk(Worker):
    """Registers itself, and says whom its host knows."""

    def __init__(self, key: "ServiceKey[Any]") -> None:
        super().__init__()
        self.key = key

    def on_start(self) -> None:
        self.context.receptionist.register(self.key, self.context.ref)

    @call
    def others(self) -> list[Ref[Any]]:
        return list(self.context.receptionist.find(self.key))


@pytest.fixture
def clerks(request: pytest.FixtureRequest) -> ServiceKey[Clerk]:
    return ServiceKey(Clerk, request.node.name)


@pytest.fixture
def stopped() -> Iterator[list[int]]:
    """Processes that a test stops; they go on afterwards, whatever happens."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


async def living(system: Stage, key: ServiceKey[Any], refs: set[Ref[Any]]) -> None:
    async for found in system.receptionist.follow(key):
        if set(found) == refs:
            return


async def agreed(clerk: Ref[Clerk], refs: set[Ref[Any]]) -> None:
    """Until the clerk's host knows these and no others."""
    while set(await clerk.ask(Clerk.others())) != refs:
        pass


def test_a_host_that_is_made_later_is_told_everything_and_everybody_hears_when_it_is_killed(
    stage: Stage, clerks: ServiceKey[Clerk]
) -> None:
    async def main(system: Stage) -> None:
        stays = {await system.spawn(Clerk, clerks) for _ in range(3)}
        late = await system.options(placement=dedicated()).spawn(Clerk, clerks)
        pid = await late.ask(Worker.pid())
        await living(system, clerks, {*stays, late})
        for clerk in {*stays, late}:
            await agreed(clerk, {*stays, late})
        os.kill(pid, signal.SIGKILL)
        await living(system, clerks, stays)
        for clerk in stays:
            await agreed(clerk, stays)

    stage.run(main)


def test_registrations_go_on_without_the_directory(stage: Stage, clerks: ServiceKey[Clerk]) -> None:
    async def main(system: Stage) -> None:
        first = await system.spawn(Clerk, clerks)
        await living(system, clerks, {first})
        directory = system._system._backend._directory
        calls.kill(directory, restart=True)
        second = await system.spawn(Clerk, clerks)
        await living(system, clerks, {first, second})
        await system.stop_actor(first)
        await living(system, clerks, {second})
        for clerk in (second, await system.spawn(Clerk, clerks)):
            assert second in await clerk.ask(Clerk.others())

    stage.run(main)


def test_a_stopped_host_is_silent_and_keeps_its_registrations(
    stage: Stage, stopped: list[int], clerks: ServiceKey[Clerk]
) -> None:
    async def main(system: Stage) -> None:
        clerk = await system.options(placement=dedicated()).spawn(Clerk, clerks)
        await living(system, clerks, {clerk})
        await nobody_is_silent(system)
        pid = await clerk.ask(Worker.pid())
        stopped.append(pid)
        stop(pid)
        while (health := await system.health()).silent != (clerk.address.seat,):
            pass
        assert f"The host on seat {clerk.address.seat} did not answer within 1 s." in health.problems
        assert system.receptionist.find(clerks) == (clerk,)
        os.kill(pid, signal.SIGCONT)
        health = await nobody_is_silent(system)
        assert {it.seat for it in health.hosts} == set(system.host.seats)

    stage.run(main)


async def nobody_is_silent(system: Stage) -> Health:
    """Look until every host has answered in its second, which a busy machine may keep one from."""
    while (health := await system.health()).silent:
        pass
    return health


def test_a_system_answers_on_its_port(cluster: Any) -> None:
    del cluster  # the system borrows the Ray that all tests share

    async def main(system: System) -> None:
        def fetch(path: str) -> tuple[int, bytes]:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{system.health_port}{path}", timeout=10) as answer:
                    return answer.status, answer.read()
            except HTTPError as error:
                return error.code, error.read()

        status, body = await asyncio.to_thread(fetch, "/live")
        assert (status, body) == (200, b"live\n")
        while (await asyncio.to_thread(fetch, "/ready"))[0] != 200:
            pass
        while (answer := await asyncio.to_thread(fetch, "/health"))[0] != 200:
            pass  # a host that is late is silent
        assert [host["seat"] for host in json.loads(answer[1])["hosts"]] == [0, 1]

    System(on="ray", settings=Settings(hosts=1, health_port=0)).run(main)

"""The directory survives being killed with a higher generation, and its clients wait for it."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
import ray

from actors.backends.ray import calls
from actors.backends.ray.cluster.cluster import Cluster
from actors.backends.ray.directory.control_store import EPOCH_2020, ControlStore, claim_generation
from actors.backends.ray.directory.directory_actor import DirectoryActor, DirectoryPlan, start_directory
from actors.backends.ray.directory.directory_client import DirectoryClient
from actors.backends.ray.errors import DirectoryUnavailable
from tests.standstill import stop

BACK = 30.0
"""Seconds within which Ray starts a process, however busy the machine; the usual time is printed."""


@pytest.fixture(scope="module")
def plan(cluster: Cluster) -> DirectoryPlan:
    return DirectoryPlan("stage", cluster.namespace, "tests.ray.directory_entries:Table", {"seats": 4})


@pytest.fixture(scope="module")
def handle(plan: DirectoryPlan) -> Iterator[Any]:
    handle = start_directory(plan, deadline=20)
    yield handle
    calls.kill(handle)


def test_the_directory_answers_and_is_found_by_name(plan: DirectoryPlan, handle: Any) -> None:
    async def main() -> None:
        client = DirectoryClient(plan)
        generation, config, now, _ = await client.call("facts", timeout=5)
        assert config == {"seats": 4}
        assert generation == client.generation >= int(time.time()) - EPOCH_2020 - 60
        assert now <= (await client.call("facts", timeout=5))[2]
        assert await client.call("claim", "ada", "one", timeout=5)
        assert not await client.call("claim", "ada", "two", timeout=5)

    asyncio.run(main())
    assert calls.get(start_directory(plan, deadline=20).origin.remote()) == calls.get(handle.origin.remote())


def test_an_error_of_the_directory_reaches_the_caller_as_it_was_raised(plan: DirectoryPlan, handle: Any) -> None:
    with pytest.raises(KeyError, match="no such seat"):
        asyncio.run(DirectoryClient(plan, handle).call("refuse", timeout=5))
    with pytest.raises(AttributeError):
        asyncio.run(DirectoryClient(plan, handle).call("__init__", timeout=5))


def test_a_killed_directory_comes_back_empty_with_a_higher_generation(plan: DirectoryPlan, handle: Any) -> None:
    async def main() -> None:
        client = DirectoryClient(plan)
        await client.call("claim", "bob", "one", timeout=5)
        before = client.generation
        os.kill(calls.get(handle.origin.remote()).life.pid, signal.SIGKILL)
        began = time.monotonic()
        _, config, _, names = await client.call("facts", timeout=BACK)
        print(f"back after {time.monotonic() - began:.2f} s")
        assert client.generation > before
        assert (config, names) == ({"seats": 4}, 0)

    asyncio.run(main())


def test_a_stopped_directory_is_restarted_by_a_client(plan: DirectoryPlan, handle: Any) -> None:
    async def main() -> None:
        client = DirectoryClient(plan)
        await client.call("facts", timeout=5)
        before = client.generation
        pid = calls.get(handle.origin.remote()).life.pid
        try:
            stop(pid)
            with pytest.raises(DirectoryUnavailable, match="did not answer"):
                await client.call("facts", timeout=0.5)
            began = time.monotonic()
            await asyncio.gather(client.restart(), DirectoryClient(plan).restart())
            await client.call("facts", timeout=BACK)
            print(f"back after {time.monotonic() - began:.2f} s")
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        assert client.generation > before

    asyncio.run(main())


def test_a_directory_that_was_restarted_already_is_left_alone(plan: DirectoryPlan, handle: Any) -> None:
    async def main() -> None:
        late, quick = DirectoryClient(plan), DirectoryClient(plan)
        for client in (late, quick):
            await client.call("facts", timeout=10)
        before = quick.generation
        await quick.restart()
        while quick.generation == before:  # the old one may answer until it has been ended
            await quick.call("facts", timeout=BACK)
        await quick.call("claim", "ada", "one", timeout=BACK)
        generation = quick.generation
        await late.restart()
        assert not await quick.call("claim", "ada", "two", timeout=BACK)
        assert quick.generation == generation

    asyncio.run(main())


def test_the_loop_goes_on_while_the_directory_is_away(plan: DirectoryPlan, handle: Any) -> None:
    async def main() -> None:
        client = DirectoryClient(plan)
        await client.call("facts", timeout=5)
        os.kill(calls.get(handle.origin.remote()).life.pid, signal.SIGKILL)
        call = asyncio.ensure_future(client.call("facts", timeout=BACK))
        turns = 0
        while not call.done():
            await asyncio.sleep(0.001)  # without a pause this loop takes the processor that the directory starts on
            turns += 1
        print(f"{turns} turns of the loop")
        assert turns > 20  # a call that blocks leaves it a handful
        await call

    asyncio.run(main())


def test_of_two_directories_by_force_the_older_is_refused_everywhere(cluster: Cluster) -> None:
    plan = DirectoryPlan("rivals", cluster.namespace, "tests.ray.directory_entries:Table")

    async def main() -> None:
        old = start_directory(plan, deadline=20)
        witness, stranger = DirectoryClient(plan, old), DirectoryClient(plan, old)
        await witness.call("claim", "ada", "one", timeout=5)
        actor: Any = ray.remote(DirectoryActor)
        new = actor.options(num_cpus=0).remote(plan)  # Ray makes no second one of a name; this has none
        heir = DirectoryClient(plan, new)
        assert await heir.call("claim", "ada", "two", timeout=BACK)
        witness.generation = heir.generation  # as of one that has heard of the new one before the old one has
        for client in (witness, stranger):
            with pytest.raises(DirectoryUnavailable, match="has taken over"):
                await ask_until_refused(client)
        with pytest.raises(DirectoryUnavailable):
            stranger.call_blocking("facts", timeout=5)
        assert (await heir.call("facts", timeout=5))[3] == 1
        calls.kill(old)
        calls.kill(new)

    asyncio.run(main())


async def ask_until_refused(client: DirectoryClient) -> None:
    """Whoever has heard of no other directory may be answered for a moment."""
    while True:
        try:
            await client.call("claim", "ada", "three", timeout=2)
        except DirectoryUnavailable as error:
            if not error.hangs:  # one that is late says nothing of who has taken over
                raise


def test_no_directory_is_an_error_at_the_deadline(cluster: Cluster) -> None:
    nobody = DirectoryPlan("nobody", cluster.namespace, "tests.ray.directory_entries:Table")
    with pytest.raises(DirectoryUnavailable, match="none of that name"):
        asyncio.run(DirectoryClient(nobody).call("facts", timeout=0.3))


def test_generations_only_rise_whatever_the_clock_says(cluster: Cluster) -> None:
    store = ControlStore("generations")
    first = claim_generation(store, "a", unix_time=EPOCH_2020 + 1000)
    second = claim_generation(store, "b", unix_time=EPOCH_2020 + 10)
    third = claim_generation(store, "c", unix_time=EPOCH_2020 + 5000)
    assert (first, second, third) == (1000, 1001, 5000)
    assert store.get("generation/1001") == b"b"


def test_a_key_is_created_once(cluster: Cluster) -> None:
    store = ControlStore("keys")
    assert store.create("spec", b"one")
    assert not store.create("spec", b"two")
    assert store.get("spec") == b"one"
    store.put("spec", b"three")
    assert store.get("spec") == b"three"
    store.delete("spec")
    assert store.get("spec") is None
    assert store.keys("") == []

"""A detached system outlives whoever made it and whoever keeps it, and ends when it is told to, with nothing left."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from actors import (
    Failed,
    NameTaken,
    Ref,
    SettingsError,
    SpawnFailed,
    System,
    SystemClosed,
    Unplaceable,
    Unreachable,
    Unsendable,
    dedicated,
    here,
)
from actors.backends.ray import calls
from actors.backends.ray.cluster.cluster import Cluster
from actors.backends.ray.cluster.processes import is_gone
from actors.backends.ray.detached import systems
from actors.backends.ray.directory.control_store import ControlStore
from actors.backends.ray.hosts import sockets
from actors.membership.seats import Heirs
from tests.ray.detached_cast import Account

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

PATIENCE = 40.0
TRIES = 5
OWNERS = ("ada", "bob", "cyd", "dan", "eve", "fay")
NEW = [1]
USED = [1, 2]


@pytest.fixture(scope="module")
def address(cluster: Cluster) -> Iterator[str]:
    """The cluster's, on which a script has made the system "shop" and was killed."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-m", "tests.ray.detached_program", cluster.address, "shop", *OWNERS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as program:
        assert program.stdout is not None
        line = program.stdout.readline()
        program.kill()
    assert line == f"{program.pid}\n"
    yield cluster.address
    for name in systems.names("understudy"):  # of tests that have failed
        asyncio.run(shut_down(cluster.address, name))


async def shut_down(address: str, name: str, namespace: str = "understudy") -> None:
    async with System(on="ray", address=address, attach=name, namespace=namespace) as system:
        await system.shutdown()


def attached(address: str, main: Callable[[System], Coroutine[Any, Any, None]]) -> None:
    """Run a test as a program that is attached to the shop."""

    async def whole() -> None:
        async with asyncio.timeout(PATIENCE), System(on="ray", address=address, attach="shop") as system:
            await main(system)

    asyncio.run(whole())


async def until(holds: Callable[[], Awaitable[object]]) -> None:
    """Return as soon as this holds; whoever waits has a deadline."""
    while not await holds():  # noqa: ASYNC110 - another process has no event for this one
        await asyncio.sleep(0.02)


async def ready(system: System) -> bool:
    return (await system.health()).ready


async def found(system: System, owner: str) -> "Ref[Account]":
    ref = await system.lookup(owner)
    assert ref is not None
    return ref


async def states(system: System, owners: Iterable[str] = OWNERS) -> dict[str, tuple[int, int, str, list[int]]]:
    """Of all these accounts that are there."""
    refs = {owner: await system.lookup(owner) for owner in owners}
    return {owner: await ref.ask(Account.state()) for owner, ref in refs.items() if ref is not None}


async def settled(system: System) -> None:
    """Every seat is taken, and a spare stands by."""

    async def holds() -> bool:
        table = await system.host.directory.table()
        return bool(table.spares) and not any(seat.vacant for seat in table.seats)

    await until(holds)


async def kill_keeper(system: System) -> Callable[[], Awaitable[None]]:
    """Kill it; the function waits until there is another one."""
    (old,) = [seat for seat in system.host.seats.values() if seat.heirs is Heirs.KEEPER]
    os.kill(old.pid, signal.SIGKILL)

    async def replaced() -> bool:
        return any(
            member.seat == old.number and member.epoch != old.epoch and member.pid for member in await system.members()
        )

    return lambda: until(replaced)


def test_when_its_driver_is_killed_every_actor_goes_on_as_the_same_incarnation(address: str) -> None:
    async def main(system: System) -> None:
        there = await states(system)
        assert {owner: (state[0], *state[2:]) for owner, state in there.items()} == {
            owner: (1, owner, USED) for owner in OWNERS
        }
        await until(lambda: ready(system))  # when all have heard that the driver's seat is gone

    attached(address, main)


def test_operators_see_all_of_it_while_no_program_is_attached(address: str) -> None:
    def seen(verb: str) -> Any:
        command = [sys.executable, "-m", "actors", verb, "--address", address, "--system", "shop", "--json"]
        for _ in range(TRIES):
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
            if done.returncode == 0:  # else somebody was late
                return json.loads(done.stdout)
        raise AssertionError(done.stdout + done.stderr)

    assert {it["path"] for it in seen("tree")["actors"]} == {f"/{owner}" for owner in OWNERS}
    doctor = seen("doctor")
    assert [it["seat"] for it in doctor["hosts"] if it["seat"] is not None] == [it["seat"] for it in doctor["members"]]
    assert all(it["stacks"] for it in doctor["hosts"])


def test_a_failed_actor_is_started_again_though_its_driver_is_gone(address: str) -> None:
    async def main(system: System) -> None:
        bob = await found(system, "bob")
        before = await bob.ask(Account.state())
        with pytest.raises(Failed, match="planned"):
            await bob.ask(Account.fail())
        assert await bob.ask(Account.state()) == (before[0] + 1, before[1], "bob", NEW)

    attached(address, main)


def test_the_actors_of_a_killed_host_come_back_on_its_seat(address: str) -> None:
    async def main(system: System) -> None:
        await settled(system)
        before = await states(system)
        victim = before["ada"][1]
        os.kill(victim, signal.SIGKILL)
        ada = await found(system, "ada")
        await until(lambda: moved(ada, victim))
        for owner, (incarnation, pid, _, sums) in before.items():
            now = await (await found(system, owner)).ask(Account.state())
            assert now[0] == incarnation + (pid == victim)
            assert now[3] == (NEW if pid == victim else sums)
        await settled(system)  # somebody makes spares, although the driver is gone

    attached(address, main)


async def moved(ref: "Ref[Account]", pid: int) -> bool:
    """Whether it lives in another process; an ask that was under way when the old one died has its outcome."""
    try:
        return (await ref.ask(Account.state()))[1] != pid
    except Unreachable:
        return False


def test_when_the_keeper_is_killed_no_incarnation_ends_and_what_happened_meanwhile_is_heard(address: str) -> None:
    async def main(system: System) -> None:
        before = await states(system)
        dan, eve = await found(system, "dan"), await found(system, "eve")
        replaced = await kill_keeper(system)
        await dan.ask(Account.leave())
        with pytest.raises(Failed, match="planned"):
            await eve.ask(Account.fail())
        spawned = asyncio.ensure_future(system.options(name="gus").spawn(Account, "gus", []))
        assert await eve.ask(Account.state()) == (before["eve"][0] + 1, before["eve"][1], "eve", NEW)
        await replaced()
        await until(lambda: gone(system, "dan"))
        assert (await (await spawned).ask(Account.state()))[:1] == (1,)
        after = await states(system)
        assert {**after, "eve": before["eve"], "dan": before["dan"]} == before
        assert await system.stop_actor(await spawned) is not None

    attached(address, main)


async def gone(system: System, name: str) -> bool:
    return await system.lookup(name) is None


def test_when_the_keeper_and_a_host_are_killed_at_once_its_actors_come_back_and_no_other_ends(address: str) -> None:
    async def main(system: System) -> None:
        await settled(system)
        before = await states(system)
        victim = before["fay"][1]
        fay = await found(system, "fay")
        replaced = await kill_keeper(system)
        os.kill(victim, signal.SIGKILL)
        await replaced()
        await until(lambda: moved(fay, victim))
        after = await states(system)
        assert after.keys() == before.keys()
        for owner, state in before.items():
            assert after[owner] == state if state[1] != victim else after[owner][3] == NEW

    attached(address, main)


def test_a_host_with_needs_of_its_own_is_made_again_with_them_by_a_keeper_that_did_not_make_it(address: str) -> None:
    async def main(system: System) -> None:
        needs = {"stage": 1.0}
        lea = await system.options(name="lea", placement=dedicated(resources=needs)).spawn(Account, "lea", [])
        made = await lea.ask(Account.process())
        assert made[1] == needs
        await (await kill_keeper(system))()
        os.kill(made[0], signal.SIGKILL)
        await until(lambda: moved(lea, made[0]))
        again = await lea.ask(Account.process())
        assert again[1] == needs
        calls.kill(calls.find("understudy:shop:directory", "understudy"), restart=True)
        os.kill(again[0], signal.SIGKILL)
        await until(lambda: moved(lea, again[0]))
        assert (await lea.ask(Account.process()))[1] == needs
        assert (await system.stop_actor(lea)).stopped == 1

    attached(address, main)


def test_when_the_directory_is_killed_it_is_rebuilt_with_all_names(address: str) -> None:
    async def main(system: System) -> None:
        before = await states(system)
        calls.kill(calls.find("understudy:shop:directory", "understudy"), restart=True)
        assert await states(system, before) == before
        with pytest.raises(NameTaken):
            await system.options(name="ada").spawn(Account, "ada", [])

    attached(address, main)


def test_what_a_program_spawns_stays_when_it_leaves_but_what_lives_in_itself(address: str) -> None:
    async def first(system: System) -> None:
        hal = await system.options(name="hal").spawn(Account, "hal", [1])
        assert (await hal.ask(Account.add(3))) == [1, 3]
        ivy = await system.options(name="ivy", placement=here()).spawn(Account, "ivy", [])
        assert (await ivy.ask(Account.state()))[1] == os.getpid()
        assert len(await system.spawn_many(Account, [("jim", []), ("kim", [])])) == 2

    async def second(system: System) -> None:
        hal = await found(system, "hal")
        assert (await hal.ask(Account.state()))[::3] == (1, [1, 3])
        await until(lambda: gone(system, "ivy"))
        assert (await system.stop_actor(hal)).stopped == 1
        assert await gone(system, "hal")

    attached(address, first)
    attached(address, second)


def test_a_spawn_that_fails_says_why_and_leaves_nothing(address: str) -> None:
    async def main(system: System) -> None:
        before = written()
        with pytest.raises(SpawnFailed, match="nobody owns") as failed:
            await system.options(name="nobody").spawn(Account, "", [])
        assert isinstance(failed.value.__cause__, LookupError)
        with pytest.raises(NameTaken, match="'ada'"):
            await system.options(name="ada").spawn(Account, "ada", [])
        with pytest.raises(Unsendable, match="argument 2 of Account"):
            await system.spawn(Account, "mia", threading.Lock())  # type: ignore[arg-type]
        with pytest.raises(Unplaceable, match="written down"):
            system.spawn_nowait(Account, "lee", [])
        assert await gone(system, "nobody")
        await until(lambda: forgotten(before))

    attached(address, main)


def written() -> list[str]:
    """The keys of the entries of the root."""
    return ControlStore("understudy/shop").keys("root/")


async def forgotten(before: list[str]) -> bool:
    return written() == before


def test_a_name_that_does_not_exist_is_an_error_that_names_those_that_do(address: str) -> None:
    with pytest.raises(SettingsError, match="no detached system 'ship'.* there are: 'shop'"):
        asyncio.run(shut_down(address, "ship"))
    with pytest.raises(SettingsError, match="no detached system 'shop' .namespace 'elsewhere'.; there are: none"):
        asyncio.run(shut_down(address, "shop", "elsewhere"))


@pytest.mark.parametrize("detached", [True, False])
def test_a_name_that_another_system_has_is_an_error(address: str, detached: bool) -> None:
    async def main() -> None:
        async with System(on="ray", address=address, name="shop", detached=detached):
            pass

    with pytest.raises(SettingsError, match="'shop' is open on this cluster already"):
        asyncio.run(main())


def test_one_beyond_its_budget_is_stopped_and_a_new_keeper_begins_with_a_full_one(address: str) -> None:
    async def main(system: System) -> None:
        await (await kill_keeper(system))()
        cyd = await found(system, "cyd")
        first = (await cyd.ask(Account.state()))[0]
        for restarts in range(1, 6):
            with pytest.raises(Failed, match="planned"):
                await cyd.ask(Account.fail())
            assert (await cyd.ask(Account.state()))[0] == first + restarts
        with pytest.raises(Failed, match="planned"):
            await cyd.ask(Account.fail())
        await until(lambda: gone(system, "cyd"))
        assert "ada" in await states(system)

    attached(address, main)


def test_one_of_two_makers_of_a_name_wins_and_every_program_hears_of_the_end(address: str) -> None:
    async def main() -> None:
        async with asyncio.timeout(PATIENCE):
            made = await asyncio.gather(make(address), make(address), return_exceptions=True)
            (loser,) = [error for error in made if error is not None]
            with pytest.raises(SettingsError, match="'stall' is open on this cluster already"):
                raise loser
            assert systems.names("understudy") == ["shop", "stall"]
            one, other = (System(on="ray", address=address, attach="stall") for _ in range(2))
            async with one, other:
                ned = await other.options(name="ned").spawn(Account, "ned", [])
                assert await one.lookup("ned") == ned
                await one.shutdown()
                with pytest.raises(SystemClosed):
                    await one.lookup("ned")
                await until(lambda: closed(other))
        assert systems.names("understudy") == ["shop"]

    asyncio.run(main())


async def make(address: str) -> None:
    """Make a small system named "stall", and leave it."""
    async with System(on="ray", address=address, name="stall", detached=True, hosts=1, spares=0, stop_budget=2.0):
        pass


async def closed(system: System) -> bool:
    try:
        await system.lookup("ned")
    except SystemClosed:
        return True
    return False


def test_a_shutdown_ends_everything_for_everybody_and_leaves_nothing(address: str) -> None:
    pids: list[int] = []
    assert sockets.folder_of("understudy/shop").exists()

    async def main(system: System) -> None:
        table = await system.host.directory.table()
        pids.extend(seat.pid for seat in table.seats if seat.pid != os.getpid())
        report = await system.shutdown()
        assert report.abandoned == ()
        assert report.stopped >= 1
        with pytest.raises(SystemClosed):
            await system.lookup("ada")

    attached(address, main)
    assert len(pids) >= 3
    give_up = time.monotonic() + 10.0
    while not all(is_gone(pid) for pid in pids) and time.monotonic() < give_up:
        time.sleep(0.02)  # the last one has been ended, and may not be buried yet; that is told to nobody
    assert [pid for pid in pids if not is_gone(pid)] == []
    assert not [name for _, name in calls.named_actors() if "shop" in name]
    assert ControlStore("understudy/shop").keys("") == []
    assert not sockets.folder_of("understudy/shop").exists()

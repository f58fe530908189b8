"""Registering under a typed key, finding, subscribing to the living set, and groups that are sent to like one ref."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from actors import (
    Actor,
    Group,
    Listing,
    NotRunning,
    Reason,
    Ref,
    ServiceKey,
    System,
    Terminated,
    call,
    near,
    receive,
)
from tests.contract.cast import Gate, Note, Recorder, Worker, dead, restarted


class Oracle(Actor):
    """Registers itself, and says who it is."""

    def __init__(self, name: str, key: "ServiceKey[Oracle] | None" = None) -> None:
        self.name = name
        self.key = key
        self.told: list[str] = []

    def on_start(self) -> None:
        if self.key is not None:
            self.context.receptionist.register(self.key, self.context.ref)

    @call
    def who(self) -> str:
        return self.name

    @call
    def hear(self, text: str) -> None:
        self.told.append(text)

    @call
    def heard(self) -> list[str]:
        return self.told

    @call
    def fail(self) -> None:
        raise ValueError("planned")


@pytest.fixture
def oracles(request: pytest.FixtureRequest) -> ServiceKey[Oracle]:
    """A key of one test: other hosts may not have heard yet that the actors of the test before have stopped."""
    return ServiceKey(Oracle, request.node.name)


class Pilgrim(Actor):
    """Follows the oracles, and tells a recorder who there are."""

    def __init__(self, log: "Ref[Recorder]", key: "ServiceKey[Oracle]") -> None:
        self.log = log
        self.key = key

    def on_start(self) -> None:
        self.context.subscribe(self.key)

    @call
    async def hold(self, gate: Ref[Gate]) -> None:
        await gate.ask(Gate.passed())

    @call
    def turn_away(self) -> None:
        self.context.unsubscribe(self.key)

    @call
    def again(self) -> None:
        self.context.subscribe(self.key)

    @call
    def fail(self) -> None:
        raise ValueError("planned")

    @call
    def count(self) -> int:
        return len(self.context.receptionist.group(self.key))

    @receive
    def listed(self, listing: Listing[Oracle]) -> None:
        assert listing.key == self.key
        self.log.tell(Note(len(listing.refs)))


class Deaf(Actor):
    @call
    def subscribe(self) -> None:
        self.context.subscribe(ServiceKey(Oracle))


async def living(system: System, key: ServiceKey[Any], count: int) -> tuple[Ref[Any], ...]:
    """Once so many are registered, as far as this host knows."""
    async for refs in system.receptionist.follow(key):
        if len(refs) == count:
            return refs
    raise AssertionError


def test_registered_actors_are_found_wherever_they_live(system: System, oracles: ServiceKey[Oracle]) -> None:
    async def main(system: System) -> None:
        names = ["delphi", "dodona", "siwa"]
        spawned = [await system.spawn(Oracle, name, oracles) for name in names]
        found = await living(system, oracles, 3)
        assert set(found) == set(spawned)
        assert found == system.receptionist.find(oracles)
        assert sorted([await ref.ask(Oracle.who()) for ref in found]) == names
        assert system.receptionist.find(ServiceKey(Oracle, "others")) == ()

    system.run(main)


def test_whoever_awaits_a_registration_finds_it(system: System, oracles: ServiceKey[Oracle]) -> None:
    async def main(system: System) -> None:
        others = ServiceKey(Oracle, f"{oracles.name}, others")
        for _ in range(3):  # on Ray they live on the hosts in turn
            oracle = await system.spawn(Oracle, "cumae")
            await system.receptionist.register(others, oracle)
            assert oracle in system.receptionist.find(others)
            await system.receptionist.register(others, oracle)
            await system.receptionist.unregister(others, oracle)
            assert oracle not in system.receptionist.find(others)
            await system.receptionist.unregister(others, oracle)

    system.run(main)


def test_an_actor_that_stops_is_struck_out_and_one_that_restarts_is_not(
    system: System, oracles: ServiceKey[Oracle]
) -> None:
    async def main(system: System) -> None:
        oracle = await system.spawn(Oracle, "delphi", oracles)
        await living(system, oracles, 1)
        watcher = await system.spawn(Recorder)
        await watcher.ask(Recorder.watch(oracle))
        oracle.tell(Oracle.fail())
        [ended] = await watcher.ask(Recorder.until(1))
        assert isinstance(ended, Terminated)
        assert await oracle.ask(Oracle.who()) == "delphi"
        assert system.receptionist.find(oracles) == (oracle,)
        await system.stop_actor(oracle)
        await living(system, oracles, 0)
        with pytest.raises(NotRunning):
            await system.receptionist.register(oracles, oracle)

    system.run(main)


def test_a_subscriber_is_told_who_there_is_and_every_change(system: System, oracles: ServiceKey[Oracle]) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        await system.spawn(Pilgrim, log, oracles)
        assert await log.ask(Recorder.until(1)) == [0]
        oracle = await system.spawn(Oracle, "delphi", oracles)
        assert await log.ask(Recorder.until(2)) == [0, 1]
        await system.spawn(Oracle, "dodona", oracles)
        assert await log.ask(Recorder.until(3)) == [0, 1, 2]
        await system.stop_actor(oracle)
        assert await log.ask(Recorder.until(4)) == [0, 1, 2, 1]

    system.run(main)


def test_a_busy_subscriber_finds_one_listing_that_is_true_when_it_is_handled(
    system: System, oracles: ServiceKey[Oracle]
) -> None:
    async def main(system: System) -> None:
        log, gate = await system.spawn(Recorder), await system.spawn(Gate)
        pilgrim = await system.spawn(Pilgrim, log, oracles)
        await log.ask(Recorder.until(1))
        held = pilgrim.ask(Pilgrim.hold(gate))
        await gate.ask(Gate.reached(1))
        beside = await system.spawn(Recorder)
        await system.options(placement=near(pilgrim)).spawn(Pilgrim, beside, oracles)  # whose host hears the same
        spawned = [await system.spawn(Oracle, str(number), oracles) for number in range(10)]
        await living(system, oracles, 10)
        for oracle in spawned[:3]:
            await system.stop_actor(oracle)
        seen = await beside.ask(Recorder.until(2))
        while seen[-1] != 7:
            seen = await beside.ask(Recorder.until(len(seen) + 1))
        await gate.ask(Gate.open())
        await held
        assert await log.ask(Recorder.until(2)) == [0, 7]

    system.run(main)


def test_who_unsubscribes_hears_nothing_more_until_it_subscribes_again(
    system: System, oracles: ServiceKey[Oracle]
) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        pilgrim = await system.spawn(Pilgrim, log, oracles)
        await log.ask(Recorder.until(1))
        await pilgrim.ask(Pilgrim.turn_away())
        await system.spawn(Oracle, "delphi", oracles)
        await living(system, oracles, 1)
        while not await pilgrim.ask(Pilgrim.count()):  # until its own host has heard
            pass
        await pilgrim.ask(Pilgrim.again())
        assert await log.ask(Recorder.until(2)) == [0, 1]

    system.run(main)


def test_a_subscription_ends_with_its_incarnation_and_the_next_one_begins_anew(
    system: System, oracles: ServiceKey[Oracle]
) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        pilgrim = await system.spawn(Pilgrim, log, oracles)
        await log.ask(Recorder.until(1))
        pilgrim.tell(Pilgrim.fail())
        assert await log.ask(Recorder.until(2)) == [0, 0]
        await system.spawn(Oracle, "delphi", oracles)
        assert await log.ask(Recorder.until(3)) == [0, 0, 1]

    system.run(main)


def test_subscribing_needs_a_handler(system: System, oracles: ServiceKey[Oracle]) -> None:
    async def main(system: System) -> None:
        deaf = await system.spawn(Deaf)
        with pytest.raises(Exception, match="no handler for Listing"):
            await deaf.ask(Deaf.subscribe())

    system.run(main)


def test_a_group_tells_all_and_asks_one_after_the_other(system: System, oracles: ServiceKey[Oracle]) -> None:
    async def main(system: System) -> None:
        spawned = [await system.spawn(Oracle, str(number), oracles) for number in range(3)]
        await living(system, oracles, 3)
        group: Group[Oracle] = system.receptionist.group(oracles)
        assert (len(group), set(group)) == (3, set(spawned))
        assert group.tell_all(Oracle.hear("all")) == 3
        for _ in range(6):
            group.tell_one(Oracle.hear("one"))
        await group.send_one(Oracle.hear("sent"))
        answers = Counter([await group.ask_one(Oracle.who()) for _ in range(6)])
        assert answers == {"0": 2, "1": 2, "2": 2}
        heard = [Counter(await oracle.ask(Oracle.heard())) for oracle in spawned]
        assert [(each["all"], each["one"]) for each in heard] == [(1, 2)] * 3
        assert sum(each["sent"] for each in heard) == 1

    system.run(main)


def test_a_group_by_chance_reaches_everybody_in_time(system: System, oracles: ServiceKey[Oracle]) -> None:
    async def main(system: System) -> None:
        for number in range(3):
            await system.spawn(Oracle, str(number), oracles)
        await living(system, oracles, 3)
        group = system.receptionist.group(oracles, "random")
        seen = set[str]()
        while len(seen) < 3:
            seen.add(await group.ask_one(Oracle.who()))

    system.run(main)


def test_a_group_is_whoever_is_registered_when_it_is_used(system: System, oracles: ServiceKey[Oracle]) -> None:
    async def main(system: System) -> None:
        group = system.receptionist.group(oracles)
        assert group.one() is None
        oracle = await system.spawn(Oracle, "delphi", oracles)
        await living(system, oracles, 1)
        assert await group.ask_one(Oracle.who()) == "delphi"
        await system.stop_actor(oracle)
        await living(system, oracles, 0)
        assert not list(group)

    system.run(main)


def test_what_is_sent_to_an_empty_group_is_accounted_for(system: System, oracles: ServiceKey[Oracle]) -> None:
    async def main(system: System) -> None:
        group = system.receptionist.group(oracles)
        before = (await dead(system))[Reason.NOT_RUNNING]
        group.tell_one(Oracle.hear("nobody"))
        assert group.tell_all(Oracle.hear("nobody")) == 0
        assert (await dead(system))[Reason.NOT_RUNNING] == before + 1
        with pytest.raises(NotRunning, match="Nobody is registered") as caught:
            await group.ask_one(Oracle.who())
        assert caught.value.ran == "no"
        with pytest.raises(NotRunning, match="Nobody is registered"):
            await group.send_one(Oracle.hear("nobody"))

    system.run(main)


def test_an_actor_may_be_registered_under_several_keys_and_several_actors_under_one(
    system: System, oracles: ServiceKey[Oracle]
) -> None:
    async def main(system: System) -> None:
        others = ServiceKey(Oracle, f"{oracles.name}, others")
        one, two = await system.spawn(Oracle, "one", oracles), await system.spawn(Oracle, "two")
        await system.receptionist.register(others, one)
        await system.receptionist.register(others, two)
        assert set(system.receptionist.find(others)) == {one, two}
        assert await living(system, oracles, 1) == (one,)
        await system.stop_actor(one)
        assert await living(system, others, 1) == (two,)

    system.run(main)


def test_many_registrations_at_once_are_all_found(system: System, oracles: ServiceKey[Oracle]) -> None:
    async def main(system: System) -> None:
        workers = await system.spawn_many(Worker, [() for _ in range(2_000)])
        key = ServiceKey(Worker, oracles.name)
        await asyncio.gather(*(system.receptionist.register(key, worker) for worker in workers))
        assert set(system.receptionist.find(key)) == set(workers)
        await asyncio.gather(*(system.stop_actor(worker) for worker in workers[:1_000]))
        assert set(await living(system, key, 1_000)) == set(workers[1_000:])

    system.run(main)


def test_a_program_that_looks_away_leaves_no_follower(own_system: System, oracles: ServiceKey[Oracle]) -> None:
    async def main(system: System) -> None:
        await system.spawn(Oracle, "delphi", oracles)
        await living(system, oracles, 1)
        while system.host.desk._followers:  # noqa: ASYNC110 - the generator ends in a step of its own
            await asyncio.sleep(0)
        assert await restarted(await system.spawn(Worker), 1) == 1

    own_system.run(main)


def test_another_thread_is_told_to_go_by_the_loop(own_system: System, oracles: ServiceKey[Oracle]) -> None:
    async def main(system: System) -> None:
        with pytest.raises(RuntimeError, match="own loop"):
            await asyncio.to_thread(system.receptionist.find, oracles)

    own_system.run(main)

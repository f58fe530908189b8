"""Links: between two incarnations that are not parent and child; an abnormal end fails the other (A12)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from actors import (
    Actor,
    Directive,
    EndReason,
    LinkedExit,
    NotRunning,
    Ref,
    Restart,
    Settings,
    Stopped,
    Supervision,
    System,
    Terminated,
    call,
    receive,
    spread,
)
from tests.contract.cast import Note, Recorder

PATIENCE = 20.0


class Peer(Actor):
    """Links itself to others as told."""

    def __init__(self, log: Ref[Recorder] | None = None) -> None:
        self.log = log

    @call
    def link(self, other: Ref[Any]) -> None:
        self.context.link(other)

    @call
    def unlink(self, other: Ref[Any]) -> bool:
        return self.context.unlink(other)

    @call
    def linked(self) -> int:
        """With how many it is linked."""
        cell = self.context._cell
        return len(cell.links) if cell.has_links else 0

    @call
    def fail(self) -> None:
        raise ValueError("planned")

    @call
    def finish(self) -> None:
        self.context.stop()

    @call
    def life(self) -> int:
        return self.context.incarnation

    @call
    async def try_family(self) -> list[str]:
        """What it is told when it links itself to its parent, its child and itself."""
        child = await self.context.spawn(Peer)
        said: list[str] = []
        for other in (self.context.parent, child, self.context.ref):
            try:
                self.context.link(other)
            except ValueError as error:
                said.append(str(error))
        return said


class Trapper(Peer):
    """Is told of the end of its peers."""

    def on_start(self) -> None:
        self.context.trap_links()

    @receive
    def lost(self, end: LinkedExit) -> None:
        assert self.log is not None
        self.log.tell(Note((end.ref, end.incarnation, end.reason, str(end.__cause__))))

    @receive
    def note(self, note: Note) -> None:
        assert self.log is not None
        self.log.tell(note)


class Parent(Actor):
    """Children that may be linked, and one restart for all of them."""

    supervision = Supervision(restarts=1, within=60.0)

    async def on_start(self) -> None:
        self.peers = [await self.context.options(placement=spread()).spawn(Peer) for _ in range(5)]

    @call
    def get(self) -> list[Ref[Peer]]:
        return self.peers

    @call
    def life(self) -> int:
        return self.context.incarnation

    @call
    def fail(self) -> None:
        raise ValueError("planned")


class Lenient(Parent):
    supervision = Supervision(decide=lambda error: Directive.RESUME)


class Strict(Parent):
    """Ends whoever fails, and remembers why."""

    supervision = Supervision(decide=lambda error: Directive.STOP)


async def life_of(ref: Ref[Any]) -> int:
    try:
        return await ref.ask(Peer.life())
    except (NotRunning, Stopped):
        return 0


async def becomes(expected: object, look: Callable[[], Awaitable[object]]) -> None:
    """Look until it is so; an error after PATIENCE."""
    async with asyncio.timeout(PATIENCE):
        while await look() != expected:
            pass


async def both_know(one: Ref[Any], other: Ref[Any], count: int = 1) -> None:
    for ref in (one, other):
        await becomes(count, lambda ref=ref: ref.ask(Peer.linked()))


async def restarts(ref: Ref[Any]) -> None:
    await becomes(2, lambda: life_of(ref))


def test_one_crash_of_linked_siblings_is_two_restarts_and_one_charge(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        parent = await system.spawn(Parent)  # its budget is one restart
        one, other, *_ = await parent.ask(Parent.get())
        await one.ask(Peer.link(other))
        await both_know(one, other)
        await log.ask(Recorder.watch(other))
        one.tell(Peer.fail())
        (ended,) = await log.ask(Recorder.until(1))
        assert isinstance(ended, Terminated)
        assert ended.reason is EndReason.FAILED
        assert [await life_of(one), await life_of(other)] == [2, 2]
        await both_know(one, other, 0)  # a link is between two incarnations
        assert await parent.ask(Parent.life()) == 1

    system.run(main)


def test_in_a_ring_all_fail_by_one_cause_and_are_charged_once(system: System) -> None:
    async def main(system: System) -> None:
        parent = await system.spawn(Parent)
        ring = await parent.ask(Parent.get())
        for index, ref in enumerate(ring):
            await ref.ask(Peer.link(ring[(index + 1) % len(ring)]))
        for ref in ring:
            await both_know(ref, ref, 2)
        ring[0].tell(Peer.fail())
        for ref in ring:
            await restarts(ref)
        for ref in ring:
            assert await ref.ask(Peer.linked()) == 0
        assert await parent.ask(Parent.life()) == 1

    system.run(main)


def test_a_normal_end_does_not_spread_and_leaves_nothing(system: System) -> None:
    async def main(system: System) -> None:
        one, other, third = [await system.spawn(Peer) for _ in range(3)]
        await one.ask(Peer.link(other))
        await third.ask(Peer.link(other))
        await both_know(other, other, 2)
        one.tell(Peer.finish())
        await system.stop_actor(third)
        await both_know(other, other, 0)
        assert await life_of(other) == 1

    system.run(main)


def test_a_link_to_one_that_has_ended_fails_at_once(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        one, ended = await system.spawn(Peer), await system.spawn(Peer)
        await system.stop_actor(ended)
        await log.ask(Recorder.watch(one))
        await one.ask(Peer.link(ended))
        (end,) = await log.ask(Recorder.until(1))
        assert isinstance(end, Terminated)
        assert end.reason is EndReason.FAILED
        assert await life_of(one) == 2

    system.run(main)


def test_an_unlinked_actor_does_not_fail(system: System) -> None:
    async def main(system: System) -> None:
        one, other = await system.spawn(Peer), await system.spawn(Peer)
        await one.ask(Peer.link(other))
        await one.ask(Peer.link(other))  # twice is once
        await both_know(one, other)
        assert await other.ask(Peer.unlink(one))  # whoever made it
        assert not await other.ask(Peer.unlink(one))
        await both_know(one, other, 0)
        one.tell(Peer.fail())
        await restarts(one)
        assert await life_of(other) == 1

    system.run(main)


def test_two_that_link_themselves_to_each_other_at_once_have_one_link(system: System) -> None:
    async def main(system: System) -> None:
        for _ in range(5):
            one, other = await system.spawn(Peer), await system.spawn(Peer)
            await asyncio.gather(one.ask(Peer.link(other)), other.ask(Peer.link(one)))
            await both_know(one, other)
            one.tell(Peer.fail())
            await restarts(one)
            await restarts(other)
            await both_know(one, other, 0)

    system.run(main)


def test_who_traps_links_gets_a_message_after_everything_the_dead_had_sent(system: System) -> None:
    class Talker(Peer):
        @call
        def talk(self, to: Ref[Any], count: int) -> None:
            for number in range(count):
                to.tell(Note(number))
            raise ValueError("enough")

    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        trapper, talker = await system.spawn(Trapper, log), await system.spawn(Talker)
        await trapper.ask(Peer.link(talker))
        await both_know(trapper, talker)
        talker.tell(Talker.talk(trapper, 50))
        *numbers, end = await log.ask(Recorder.until(51))
        assert numbers == list(range(50))
        assert isinstance(end, tuple)
        assert end[:3] == (talker, 1, EndReason.FAILED)
        assert "enough" in end[3]
        assert await life_of(trapper) == 1

    system.run(main)


def test_trapping_needs_a_handler_and_ends_with_the_incarnation(system: System) -> None:
    class Deaf(Peer):
        @call
        def trap(self) -> None:
            self.context.trap_links()

    async def main(system: System) -> None:
        deaf = await system.spawn(Deaf)
        with pytest.raises(Exception, match="LinkedExit"):
            await deaf.ask(Deaf.trap())

    system.run(main)


def test_parent_child_and_oneself_cannot_be_linked(system: System) -> None:
    async def main(system: System) -> None:
        peer = await system.spawn(Peer)
        said = await peer.ask(Peer.try_family())
        assert [who in text for who, text in zip(("its parent", "its child", "itself"), said, strict=True)] == [
            True
        ] * 3

    system.run(main)


def test_a_failure_that_is_resumed_ends_no_link(system: System) -> None:
    async def main(system: System) -> None:
        parent = await system.spawn(Lenient)
        one, other, *_ = await parent.ask(Parent.get())
        await one.ask(Peer.link(other))
        await both_know(one, other)
        one.tell(Peer.fail())
        assert [await life_of(one), await life_of(other)] == [1, 1]
        assert await one.ask(Peer.unlink(other))

    system.run(main)


def test_a_linked_actor_that_its_supervisor_does_not_restart_ends(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        parent, outsider = await system.spawn(Strict), await system.spawn(Peer)
        one, *_ = await parent.ask(Parent.get())
        await outsider.ask(Peer.link(one))
        await both_know(one, outsider)
        await log.ask(Recorder.watch(one))
        outsider.tell(Peer.fail())
        (end,) = await log.ask(Recorder.until(1))
        assert isinstance(end, Terminated)
        assert (end.incarnation, end.reason) == (1, EndReason.FAILED)
        assert [await life_of(outsider), await life_of(one)] == [2, 0]

    system.run(main)


def test_the_end_of_a_parent_that_failed_spreads_and_that_of_one_that_stopped_does_not(system: System) -> None:
    async def main(system: System) -> None:
        outsider = await system.spawn(Peer)
        for reason in ("stopped", "failed"):
            parent = await system.spawn(Strict)
            one, *_ = await parent.ask(Parent.get())
            await outsider.ask(Peer.link(one))
            await both_know(one, outsider)
            if reason == "stopped":
                await system.stop_actor(parent)
                await both_know(outsider, outsider, 0)
                assert await life_of(outsider) == 1
            else:
                parent.tell(Parent.fail())
                await restarts(outsider)

    system.run(main)


def test_links_are_bounded() -> None:
    async def main(system: System) -> None:
        peers = [await system.spawn(Peer) for _ in range(4)]
        for other in peers[1:3]:
            await peers[0].ask(Peer.link(other))
        with pytest.raises(Exception, match="TooManyWatches"):
            await peers[0].ask(Peer.link(peers[3]))

    System(on="local", settings=Settings(watch_limit=2)).run(main)


def test_a_permanent_actor_that_stops_itself_does_not_fail_its_peer(system: System) -> None:
    async def main(system: System) -> None:
        one, other = await system.options(restart=Restart.PERMANENT).spawn(Peer), await system.spawn(Peer)
        await one.ask(Peer.link(other))
        await both_know(one, other)
        one.tell(Peer.finish())
        await restarts(one)
        await both_know(one, other, 0)
        assert await life_of(other) == 1

    system.run(main)

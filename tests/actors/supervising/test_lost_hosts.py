"""Rounds, links and charges when hosts of the children are lost, with real links between several hosts (A9 to A12)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from actors import Actor, LinkedExit, Ref, Shutdown, Strategy, Supervision, Unreachable, call, near, receive
from actors.address import Address, spelled
from actors.directory import Directory
from actors.links.endpoints import UnixEndpoint
from actors.supervising.signals import EndReason
from tests.actors.town import Resident, Town, actor, in_town, until


def root(resident: Resident) -> Ref[Any]:
    """Something on this host, for `near`."""
    return Ref(Address("town", resident.host.seat, 0), None)


LOG: list[str] = []
"""What the parts say, in the order in which they say it: all hosts are in this process."""


@contextmanager
def cut(*residents: Resident) -> Iterator[None]:
    """No host reaches another: their connections are lost, and where they listen there is nothing."""
    endpoints = [endpoint for one in residents if one.seat for endpoint in one.seat.endpoints]
    paths = [Path(endpoint.path) for endpoint in endpoints if isinstance(endpoint, UnixEndpoint)]
    for path in paths:
        path.rename(path.with_suffix(".cut"))
    for one in residents:
        for link in one.links._links.values():
            if link._connection is not None:
                link._connection.close()
    try:
        yield
    finally:
        for path in paths:
            path.with_suffix(".cut").rename(path)


class Part(Actor):
    """Says when it starts and stops."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.ends: list[tuple[Any, str]] = []

    def on_start(self) -> None:
        LOG.append(f"{self.label} start {self.context.incarnation}")

    def on_stop(self) -> None:
        LOG.append(f"{self.label} stop {self.context.incarnation}")

    @call
    def life(self) -> int:
        return self.context.incarnation

    @call
    def fail(self) -> None:
        raise ValueError("planned")

    @call
    def link(self, other: Ref[Any]) -> None:
        self.context.link(other)

    @call
    def trap(self) -> None:
        self.context.trap_links()

    @receive
    def lost(self, end: LinkedExit) -> None:
        self.ends.append((end.ref, end.reason))


class Family(Actor):
    """One part beside each of the places."""

    def __init__(self, places: list[Ref[Any]]) -> None:
        self.places = places

    async def on_start(self) -> None:
        self.parts = [
            await self.context.options(name=label, placement=near(place)).spawn(Part, label)
            for label, place in zip("abcd", self.places, strict=False)
        ]

    @call
    def get(self) -> list[Ref[Part]]:
        return self.parts

    @call
    def life(self) -> int:
        return self.context.incarnation


class OneForOne(Family):
    supervision = Supervision(restarts=0)


class OneForAll(Family):
    supervision = Supervision(restarts=0, strategy=Strategy.ONE_FOR_ALL)


class RestForOne(Family):
    supervision = Supervision(restarts=0, strategy=Strategy.REST_FOR_ONE)


class Generous(Family):
    supervision = Supervision(restarts=3, within=60.0, strategy=Strategy.ONE_FOR_ALL)


class Lasting(Family):
    supervision = Supervision(restarts=1, within=600.0)


class Short(Family):
    supervision = Supervision(shutdown=Shutdown.ANY_SIGNIFICANT)

    async def on_start(self) -> None:
        options = self.context.options(name="a", placement=near(self.places[0]), significant=True)
        self.parts = [await options.spawn(Part, "a")]


async def family(kind: type[Family], home: Resident, *places: Resident) -> tuple[Ref[Any], list[Ref[Part]]]:
    LOG.clear()
    parent = await home.spawn(kind, [root(place) for place in places])
    parts = await parent.ask(Family.get())
    LOG.clear()
    return parent, [home.ref(part) for part in parts]


@pytest.mark.parametrize(
    ("kind", "expected", "lives"),
    [
        (OneForOne, ["b start 2"], [1, 2, 1, 1]),
        (OneForAll, [f"{x} stop 1" for x in "dca"] + [f"{x} start 2" for x in "abcd"], [2, 2, 2, 2]),
        (RestForOne, [f"{x} stop 1" for x in "dc"] + [f"{x} start 2" for x in "bcd"], [1, 2, 2, 2]),
    ],
)
def test_the_loss_of_a_host_is_one_round_and_charges_nobody(
    kind: type[Family], expected: list[str], lives: list[int]
) -> None:
    async def main(town: Town) -> None:
        home, lost, third = await town.settle(), await town.settle(), await town.settle()
        parent, parts = await family(kind, home, home, lost, third, home)
        await town.replace(lost)
        await until(lambda: expected == LOG)
        assert [await part.ask(Part.life()) for part in parts] == lives
        assert await parent.ask(Family.life()) == 1

    in_town(main)


def test_refs_to_a_part_that_waits_for_its_turn_on_a_taken_seat_are_good() -> None:
    async def main(town: Town) -> None:
        home, lost, third = await town.settle(), await town.settle(), await town.settle()
        _, parts = await family(OneForAll, home, third, lost)
        third.host._awake = True  # it does not come to its turn, so that the round waits for it
        third.host._next_turn, turn = _nothing, third.host._next_turn
        lost.crash()
        town.condemn(lost)
        fourth = await town.settle(seat=lost.host.seat)
        await until(lambda: parts[1].address.number in fourth.host.cells)
        asked = parts[1].ask(Part.life())
        third.host._next_turn = turn
        third.host.loop.call_soon(turn)
        assert await asked == 2
        assert LOG == ["a stop 1", "a start 2", "b start 2"]

    in_town(main)


def test_a_host_that_dies_before_it_has_answered_counts_as_stopped_at_the_verdict() -> None:
    async def main(town: Town) -> None:
        home, silent = await town.settle(), await town.settle()
        parent, parts = await family(Generous, home, home, silent)
        silent.crash()  # nobody knows yet
        parts[0].tell(Part.fail())
        await until(lambda: actor(home, parent).context._cell.children.restarts._round is not None)
        assert LOG == []
        town.condemn(silent)
        await until(lambda: LOG == ["a stop 1", "a start 2"])
        back = await town.settle(seat=silent.host.seat)
        await until(lambda: parts[1].address.number in back.host.cells)
        assert [await part.ask(Part.life()) for part in parts] == [2, 2]
        assert LOG == ["a stop 1", "a start 2", "b start 2"]
        await until(lambda: actor(home, parent).context._cell.children.restarts._round is None)

    in_town(main)


def test_a_seat_that_is_lost_again_in_the_middle_of_a_round_ends_in_one_family() -> None:
    async def main(town: Town) -> None:
        home, lost, third = await town.settle(), await town.settle(), await town.settle()
        parent, parts = await family(OneForAll, home, home, lost, third)
        for _ in range(3):
            lost = await town.replace(lost)
        third = await town.replace(third)
        lost = await town.replace(lost)
        children = actor(home, parent).context._cell.children
        await until(lambda: children.restarts._round is None)
        lives = [await part.ask(Part.life()) for part in parts]
        assert lives == [children.table[part.address.number].incarnation for part in parts]
        assert await parent.ask(Family.life()) == 1

    in_town(main)


def test_a_family_whose_seat_is_given_up_goes_on_without_the_lost() -> None:
    async def main(town: Town) -> None:
        home, lost = await town.settle(), await town.settle()
        _, parts = await family(OneForAll, home, home, lost, home)
        await town.kill(lost)
        town.bury(lost)
        await until(lambda: LOG == ["c stop 1", "a stop 1", "a start 2", "c start 2"])
        assert [await parts[index].ask(Part.life()) for index in (0, 2)] == [2, 2]
        with pytest.raises(Unreachable):
            await parts[1].ask(Part.life())

    in_town(main)


def test_a_supervisor_stops_with_a_significant_child_whose_seat_is_given_up() -> None:
    async def main(town: Town) -> None:
        home, lost = await town.settle(), await town.settle()
        parent, _ = await family(Short, home, lost)
        await town.kill(lost)
        assert parent.address.number in home.host.cells
        town.bury(lost)
        await until(lambda: parent.address.number not in home.host.cells)

    in_town(main)


def test_a_supervisor_that_is_stopped_while_children_are_away_ends_at_once() -> None:
    async def main(town: Town) -> None:
        home, lost = await town.settle(), await town.settle()
        await family(OneForAll, home, home, lost, home)
        await town.kill(lost)
        report = await home.host.stop_actors()
        assert report.abandoned == ()
        assert home.host.cells == {}
        fourth = await town.settle(seat=lost.host.seat)
        assert fourth.host.cells == {}

    in_town(main)


def test_a_seat_on_which_too_many_hosts_died_is_a_failure_of_each_child_that_waits_for_it() -> None:
    async def main(town: Town) -> None:
        town.directory = Directory(generation=1)  # with the usual budget of losses for each seat
        home, lost = await town.settle(), await town.settle()
        parent, _ = await family(Lasting, home, lost)
        children = actor(home, parent).context._cell.children
        for _ in range(5):
            lost = await town.replace(lost)
        assert not children.restarts.budget._spent
        await town.kill(lost)  # once too often: nobody takes the seat for now
        assert town.directory.table(time.monotonic()).seats[1].withheld
        assert len(children.restarts.budget._spent) == 1
        assert len(children) == 1

    in_town(main)


def test_a_child_on_a_host_that_cannot_be_reached_is_given_up_after_its_budget_and_ends_when_it_is_back() -> None:
    async def main(town: Town) -> None:
        home, far = await town.settle(), await town.settle()
        parent, _ = await family(OneForOne, home, home, far)
        with cut(home, far):
            await until(lambda: home.host.is_away(far.host.seat))
            report = await home.host.stop_actors()
            lost = f"/OneForOne#{spelled(parent.address.number)}/b (out of reach)"
            assert (report.stopped, report.abandoned) == (2, (lost,))
            assert LOG == ["a stop 1"]
            assert len(far.host.cells) == 1
        await until(lambda: LOG == ["a stop 1", "b stop 1"])
        await until(lambda: far.host.cells == {})

    in_town(main)


# ---- links ----------------------------------------------------------------------------------------------------------


def test_a_linked_actor_fails_when_the_host_of_its_peer_is_lost_and_all_of_one_loss_are_charged_once() -> None:
    async def main(town: Town) -> None:
        home, lost = await town.settle(), await town.settle()
        _, parts = await family(Generous, home, home, home)
        far = [await lost.spawn(Part, "far") for _ in range(3)]
        for part in parts:
            for peer in far:
                await part.ask(Part.link(home.ref(peer)))
        await until(lambda: all(len(lost.host.cells[peer.address.number].links) == 2 for peer in far))
        LOG.clear()
        await town.kill(lost)
        await until(lambda: LOG == ["b stop 1", "a stop 1", "a start 2", "b start 2"])
        assert [await part.ask(Part.life()) for part in parts] == [2, 2]

    in_town(main)


def test_links_over_hosts_fail_in_words_are_trapped_and_leave_no_entry() -> None:
    async def main(town: Town) -> None:
        home, other = await town.settle(), await town.settle()
        one, peer = await home.spawn(Part, "one"), await other.spawn(Part, "peer")
        await one.ask(Part.trap())
        await one.ask(Part.link(home.ref(peer)))
        other_cell, cell = other.host.cells[peer.address.number], home.host.cells[one.address.number]
        await until(lambda: len(other_cell.links) == 1)
        peer.tell(Part.fail())
        await until(lambda: actor(home, one).ends == [(peer, EndReason.FAILED)])
        assert len(cell.links) == 0
        await until(lambda: other_cell.incarnation == 2)
        assert not other_cell.has_links
        nobody = Ref(Address("town", other.host.seat, 999), home.host.delivery)
        await one.ask(Part.link(nobody))
        await until(lambda: len(actor(home, one).ends) == 2)
        assert actor(home, one).ends[1] == (nobody, EndReason.NOT_RUNNING)
        nowhere = Ref(Address("town", 77, 999), home.host.delivery)
        await one.ask(Part.link(nowhere))
        await until(lambda: len(actor(home, one).ends) == 3)
        assert len(cell.links) == 0

    in_town(main)


def _nothing() -> None:
    """A turn that does not come."""

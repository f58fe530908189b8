"""Receptionists of several hosts tell each other who is registered: told twice or late, lost, back, at once."""

import asyncio
import time
from typing import Any

import pytest

from actors import Actor, Listing, Message, NotRunning, ServiceKey, TooManyKeys, Unreachable, call, receive
from actors.address import Address, Sitting
from actors.links import LinkSettings
from actors.reception import desk as desk_module
from actors.reception.desk import Desk
from actors.reception.receptionist import Receptionist
from actors.reception.roll import REMEMBERED, Page
from actors.supervising.signals import EndReason
from tests.actors.town import Resident, Town, actor, in_town, until

CLERKS: "ServiceKey[Clerk]"


class Clerk(Actor):
    def __init__(self, registers: bool = False) -> None:
        self.registers = registers

    def on_start(self) -> None:
        if self.registers:
            self.context.receptionist.register(CLERKS, self.context.ref)

    @call
    def fail(self) -> None:
        raise ValueError("planned")

    @call
    def finish(self) -> None:
        self.context.stop()


CLERKS = ServiceKey(Clerk, "clerks")


class Watchful(Actor):
    """Keeps the listings that it is sent."""

    def __init__(self) -> None:
        self.listings: list[set[Any]] = []

    @call
    def subscribe(self) -> None:
        self.context.subscribe(CLERKS)

    @receive
    def listed(self, listing: Listing[Clerk]) -> None:
        self.listings.append(set(listing.refs))


class Stranger(Message):
    """What no host answers."""


def at(resident: Resident) -> Receptionist:
    return Receptionist(resident.host)


def found(resident: Resident) -> set[Any]:
    return set(at(resident).find(CLERKS))


def desk(resident: Resident) -> Desk:
    return resident.host.desk


def test_who_registers_is_found_on_every_host_and_struck_out_when_it_stops():
    async def main(town: Town) -> None:
        one, two, three = [await town.settle() for _ in range(3)]
        clerks = {await one.spawn(Clerk, True), await two.spawn(Clerk, True)}
        for host in (one, two, three):
            await until(lambda host=host: found(host) == clerks)
        assert at(one).find(CLERKS) == at(two).find(CLERKS) == at(three).find(CLERKS)
        ended = clerks.pop()
        await town.residents[ended.address.seat].ref(ended).ask(Clerk.finish())
        for host in (one, two, three):
            await until(lambda host=host: found(host) == clerks)

    in_town(main)


def test_an_actor_is_found_through_its_restarts():
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        clerk = await one.spawn(Clerk, True)
        await until(lambda: found(two) == {clerk})
        clerk.tell(Clerk.fail())
        await until(lambda: one.host.stats.restarts == 1)
        assert found(one) == {clerk}
        assert desk(one).roll.version == 1  # registering again was nothing new

    in_town(main)


def test_to_register_an_actor_of_another_host_and_await_it_is_to_find_it_here():
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        clerk = await one.spawn(Clerk, seat=two.host.seat)
        await at(one).register(CLERKS, clerk)
        assert found(one) == found(two) == {clerk}
        await at(one).unregister(CLERKS, clerk)
        assert found(one) == found(two) == set()
        await one.ref(clerk).ask(Clerk.finish())
        await until(lambda: not two.host.cells)
        with pytest.raises(NotRunning):
            await at(one).register(CLERKS, clerk)
        with pytest.raises(NotRunning):
            at(two).register(CLERKS, two.ref(clerk))

    in_town(main)


def test_a_registration_whose_host_is_lost_before_it_is_known_here_says_so():
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        clerk = await one.spawn(Clerk, seat=two.host.seat)
        desk(two)._colleagues.clear()  # it tells nobody
        waiting = asyncio.ensure_future(at(one).register(CLERKS, clerk))
        await until(lambda: desk(one)._awaited)
        await town.lose(two)
        with pytest.raises(NotRunning):
            await waiting
        assert not desk(one)._awaited
        with pytest.raises(Unreachable):
            await at(one).register(CLERKS, clerk)

    in_town(main)


def test_an_actor_of_another_system_is_refused():
    async def main(town: Town) -> None:
        one = await town.settle()
        with pytest.raises(ValueError, match="another system"):
            at(one).register(CLERKS, one.host.ref_to(Address("village", 0, 5)))

    in_town(main)


def test_the_actors_of_a_lost_host_are_found_no_more():
    async def main(town: Town) -> None:
        one, two, three = [await town.settle() for _ in range(3)]
        stays, goes = await one.spawn(Clerk, True), await two.spawn(Clerk, True)
        for host in (one, three):
            await until(lambda host=host: found(host) == {stays, goes})
        await town.lose(two)
        assert found(one) == found(three) == {stays}
        for host in (one, three):
            assert two.host.sitting not in desk(host)._colleagues
            assert two.host.seat not in desk(host)._views

    in_town(main)


def test_whoever_starts_again_on_a_seat_that_was_taken_over_is_found_again_by_the_same_ref():
    async def main(town: Town) -> None:
        one, two, three = [await town.settle() for _ in range(3)]
        clerk = await one.spawn(Clerk, True, seat=two.host.seat)
        await until(lambda: found(one) == found(three) == {clerk})
        await town.kill(two)
        assert found(one) == found(three) == set()
        await town.settle(seat=two.host.seat)
        await until(lambda: found(one) == found(three) == {clerk})

    in_town(main)


def test_a_host_that_left_before_anybody_had_its_seat_in_the_table_leaves_nothing():
    async def main(town: Town) -> None:
        one = await town.settle()
        two = await town.settle(known=False)  # `one` has not heard of it
        clerk = await two.spawn(Clerk, True)
        await until(lambda: found(one) == {clerk})
        await two.links.close(1.0)
        await until(lambda: not found(one))
        assert not desk(one)._views

    in_town(main)


def test_who_comes_late_is_told_everything():
    async def main(town: Town) -> None:
        one = await town.settle()
        clerks = {await one.spawn(Clerk, True) for _ in range(5)}
        late = await town.settle()
        await until(lambda: found(late) == clerks)

    in_town(main)


def test_an_interrupted_connection_loses_no_change_and_strikes_nobody_out():
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        first = await one.spawn(Clerk, True)
        await until(lambda: found(two) == {first})
        for connection in list(two.links._station.open):
            connection.abort()
        assert found(two) == {first}
        second = await one.spawn(Clerk, True)
        first.tell(Clerk.finish())
        await until(lambda: found(two) == {second})

    in_town(main)


def test_a_session_that_ends_while_both_hosts_go_on_is_told_anew(monkeypatch):
    monkeypatch.setattr(desk_module, "AGAIN", 0.01)

    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        mine, yours = await one.spawn(Clerk, True), await two.spawn(Clerk, True)
        await until(lambda: found(one) == found(two) == {mine, yours})
        for link in list(two.links._links.values()):
            link.end(type(link.state).CLOSED, "planned")
        await until(lambda: found(one) == found(two) == {mine, yours} and desk(one)._views[1].version == 1)
        # both may have dialled; the connection that lost the tie is to have ended before the loop does
        await until(lambda: [len(host.links._station.open) for host in (one, two)] == [1, 1])

    in_town(main)


def test_two_hosts_that_register_at_once_under_one_key_both_count():
    async def main(town: Town) -> None:
        hosts = [await town.settle() for _ in range(3)]
        clerks = set[Any]()
        for _ in range(20):
            clerks |= set(await asyncio.gather(*(host.spawn(Clerk, True) for host in hosts)))
        for host in hosts:
            await until(lambda host=host: found(host) == clerks)

    in_town(main)


def test_a_successor_on_a_seat_replaces_what_its_predecessor_told():
    async def main(town: Town) -> None:
        one = await town.settle()
        old = Page(7, 100, 0, 1, ((CLERKS, (5,)),), ())
        new = Page(7, 101, 0, 1, ((CLERKS, (6,)),), ())
        assert desk(one)._hear(old) == desk(one)._hear(new) == 1
        assert [ref.address.number for ref in found(one)] == [6]
        later = Page(7, 100, 1, 2, ((CLERKS, (8,)),), ())
        assert desk(one)._hear(later) == 2  # so that it asks no more
        assert [ref.address.number for ref in found(one)] == [6]

    in_town(main)


def test_a_page_from_nowhere_is_asked_for_from_the_beginning():
    async def main(town: Town) -> None:
        one = await town.settle()
        assert desk(one)._hear(Page(7, 100, 3, 4, ((CLERKS, (5,)),), ())) == 0
        assert desk(one)._hear(Page(7, 100, 0, 4, ((CLERKS, (5, 6)),), ())) == 4
        assert desk(one)._hear(Page(7, 100, 0, 4, ((CLERKS, (5, 6)),), ())) == 4
        assert desk(one)._hear(Page(7, 100, 3, 4, ((CLERKS, (5,)),), ())) == 4
        assert len(found(one)) == 2

    in_town(main)


def test_however_much_changes_while_a_host_does_not_answer_one_request_waits():
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle(links=LinkSettings(backoff_seconds=0.001))
        clerk = await one.spawn(Clerk, True)
        await until(lambda: found(two) == {clerk})
        hear, heard = desk(two)._hear, list[Page]()

        def keep(page: Page) -> int:
            heard.append(page)
            return hear(page)

        desk(two)._hear = keep
        asked = len(one.host.asks.remote)
        for _ in range(REMEMBERED):
            desk(one).strike(CLERKS, clerk.address.number)
            desk(one).enter(CLERKS, clerk.address.number)
            assert len(one.host.asks.remote) <= asked + 1
        await until(lambda: desk(two)._views[0].version == desk(one).roll.version)
        assert found(two) == {clerk}
        assert len(heard) <= 2

    in_town(main)


def test_a_link_without_room_is_waited_for(monkeypatch):
    monkeypatch.setattr(desk_module, "PAUSE", 0.01)

    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        put = one.post._put
        refused: list[object] = []

        def full(peer: Any, record: Any, message: object) -> bool:
            if isinstance(message, Page) and len(refused) < 3:
                refused.append(message)
                return False
            return put(peer, record, message)

        one.post._put = full
        clerk = await one.spawn(Clerk, True)
        await until(lambda: found(two) == {clerk})
        assert len(refused) == 3

    in_town(main)


def test_the_directory_takes_no_part():
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        one.clerk.closed = two.clerk.closed = asyncio.Event()  # it answers nobody
        clerk = await one.spawn(Clerk, True)
        await until(lambda: found(two) == {clerk})
        clerk.tell(Clerk.finish())
        await until(lambda: not found(two))
        one.clerk.closed.set()

    in_town(main)


def test_a_subscriber_hears_of_other_hosts_and_leaves_nothing_behind_when_it_ends():
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        watchful = await one.spawn(Watchful)
        await watchful.ask(Watchful.subscribe())
        seen = actor(one, watchful).listings
        await until(lambda: seen == [set()])
        clerk = await two.spawn(Clerk, True)
        await until(lambda: seen == [set(), {clerk}])
        await town.lose(two)
        await until(lambda: seen == [set(), {clerk}, set()])
        assert len(one.host.subscriptions) == 1
        await one.host.root.children.stop_all(EndReason.STOPPED)
        assert len(one.host.subscriptions) == 0
        assert not desk(one)._followers

    in_town(main)


def test_an_actor_has_a_limit_of_keys(monkeypatch):
    monkeypatch.setattr(desk_module, "MOST_KEYS", 3)

    async def main(town: Town) -> None:
        one = await town.settle()
        clerk = await one.spawn(Clerk)
        for number in range(3):
            at(one).register(ServiceKey(Clerk, str(number)), clerk)
        at(one).register(ServiceKey(Clerk, "2"), clerk)
        with pytest.raises(TooManyKeys):
            at(one).register(ServiceKey(Clerk, "3"), clerk)

    in_town(main)


def test_a_sitting_that_the_table_has_no_more_is_not_told():
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        desk(one).met(Sitting(9, 900))
        assert Sitting(9, 900) in desk(one)._colleagues
        one.host.new_table(town.directory.register(time.monotonic(), two.seat, {}, ()))
        assert set(desk(one)._colleagues) == {two.host.sitting}

    in_town(main)


def test_a_host_that_knows_no_receptionists_refuses_politely():
    async def main(town: Town) -> None:
        one = await town.settle()
        assert not desk(one).take(Stranger(), None)  # type: ignore[arg-type]

    in_town(main)

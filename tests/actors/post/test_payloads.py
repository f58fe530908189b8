"""The memory of large values: by the link or the store, in their place, and never another's."""

import asyncio
import threading
from pickle import PickleBuffer
from typing import Any, NamedTuple

import numpy as np
import pytest

from actors import Settings, Unreachable, call
from tests.actors.town import Keeper, Note, Town, actor, in_town, until

LARGE = 400_000


class Ticket(NamedTuple):
    number: int


class Shelf:
    """A store in this process that several hosts share."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.kept: dict[int, list[bytes]] = {}
        self.held: dict[int, object] = {}
        self.puts = 0
        self.number = 0
        self.refuses = self.fails = self.forgets = False

    def put(self, parts: Any, link: object) -> Ticket | None:
        if self.fails:
            raise OSError("the shelf is broken")
        with self.lock:
            if self.refuses:
                return None
            self.puts += 1
            self.number += 1
            if not self.forgets:
                self.kept[self.number] = [bytes(part) for part in parts]
            self.held[self.number] = link
            return Ticket(self.number)

    def share(self, ticket: Ticket, link: object) -> Ticket | None:
        with self.lock:
            if ticket.number not in self.held:
                return None
            self.number += 1
            self.kept[self.number] = self.kept[ticket.number]
            self.held[self.number] = link
            return Ticket(self.number)

    def load(self, ticket: Ticket, timeout: float | None = None) -> list[memoryview]:
        with self.lock:
            return [memoryview(part) for part in self.kept[ticket.number]]

    def loaded(self, number: int) -> None:
        with self.lock:
            self.held.pop(number, None)

    def link_ended(self, link: object) -> None:
        with self.lock:
            self.held = {number: owner for number, owner in self.held.items() if owner != link}


class Slice:
    """Part of some bytes, whose memory travels beside the pickle."""

    def __init__(self, memory: Any) -> None:
        self.memory = memory

    def __reduce_ex__(self, protocol: int) -> Any:
        return (Slice, (PickleBuffer(self.memory),))


class Echo(Keeper):
    @call
    def size(self, value: Any) -> int:
        return int(value.nbytes)


SETTINGS = Settings(cancel_grace=0.2, stop_budget=0.2, socket_payload_bytes=LARGE)


async def pair(town: Town, shelf: Shelf) -> Any:
    one = await town.settle(settings=SETTINGS, store=shelf)
    two = await town.settle(settings=SETTINGS, store=shelf)
    return one, two, await one.spawn(Echo, seat=two.host.seat)


def values(seen: list[Any]) -> list[Any]:
    return [int(it[-1]) if isinstance(it, np.ndarray) else it for it in seen]


@pytest.mark.parametrize("trouble", ["none", "refuses", "fails"])
def test_order_is_kept_by_the_store_and_where_the_store_cannot_take_it(trouble: str) -> None:
    async def main(town: Town) -> None:
        shelf = Shelf()
        setattr(shelf, trouble, True)
        _, two, far = await pair(town, shelf)
        for number in range(10):
            far.tell(Note(np.full(LARGE // 8 + number, number)))
            far.tell(Note(100 + number))
        await until(lambda: len(actor(two, far).seen) == 20)
        assert values(actor(two, far).seen) == [it for number in range(10) for it in (number, 100 + number)]
        assert not any(it.flags.writeable for it in actor(two, far).seen[::2])
        assert shelf.puts == (10 if trouble == "none" else 0)
        await until(lambda: not shelf.held)

    in_town(main)


def test_a_payload_that_is_gone_is_a_dead_letter_and_the_ask_says_that_it_did_not_run() -> None:
    async def main(town: Town) -> None:
        shelf = Shelf()
        shelf.forgets = True
        _, two, far = await pair(town, shelf)
        far.tell(Note(np.zeros(LARGE)))
        far.tell(Note("next"))
        with pytest.raises(Unreachable) as caught:
            await far.ask(Echo.size(np.zeros(LARGE)))
        assert caught.value.ran == "no"
        assert actor(two, far).seen == ["next"]
        assert [(letter.reason.value, letter.message.type_name) for letter in two.letters] == [("payload_lost", "Note")]
        await until(lambda: not shelf.held)

    in_town(main)


def test_a_payload_whose_sender_dies_with_it_is_a_dead_letter_that_says_so() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        far = await one.spawn(Keeper, seat=two.host.seat)
        far.tell(Note(bytes(30_000_000)))
        far.tell(Note("behind it"))
        await until(lambda: any(peer.held for peer in two.post._peers.values()))
        one.crash()
        town.bury(one)
        await until(lambda: two.letters)
        assert (two.letters[0].reason.value, two.letters[0].message.type_name) == ("payload_lost", "Note")
        assert two.letters[0].target == far.address

    in_town(main)


def test_two_parts_of_one_object_are_not_taken_for_each_other() -> None:
    async def main(town: Town) -> None:
        shelf = Shelf()
        _, two, far = await pair(town, shelf)
        whole = memoryview(b"a" * 3_000_000 + b"b" * 3_000_000)
        far.tell(Note(Slice(whole[:3_000_000])))
        far.tell(Note(Slice(whole[3_000_000:])))
        await until(lambda: len(actor(two, far).seen) == 2)
        assert [bytes(it.memory[:1]) for it in actor(two, far).seen] == [b"a", b"b"]

    in_town(main)


def test_one_array_for_several_hosts_is_stored_once() -> None:
    async def main(town: Town) -> None:
        shelf = Shelf()
        one = await town.settle(store=shelf)
        others = [await town.settle(store=shelf) for _ in range(3)]
        refs = [await one.spawn(Keeper, seat=other.host.seat) for other in others]
        array = np.zeros(500_000)
        array.flags.writeable = False
        for ref in refs:
            ref.tell(Note(array))
        for other, ref in zip(others, refs, strict=True):
            await until(lambda other=other, ref=ref: actor(other, ref).seen)
        assert shelf.puts == 1  # the first went by the link; nobody knew that more would follow
        await until(lambda: not shelf.held)

    in_town(main)


def test_nothing_stays_on_the_shelf_for_a_host_that_was_lost() -> None:
    async def main(town: Town) -> None:
        shelf = Shelf()
        one, two, far = await pair(town, shelf)
        two.crash()
        for _ in range(5):
            far.tell(Note(np.zeros(LARGE)))
            await asyncio.sleep(0)
        town.bury(two)
        await until(lambda: len(one.letters) == 5)
        await until(lambda: not shelf.held)
        assert {letter.message.type_name for letter in one.letters} == {"Note"}

    in_town(main)


def test_a_host_that_leaves_waits_until_its_payloads_have_been_loaded() -> None:
    async def main(town: Town) -> None:
        shelf = Shelf()
        one, two, far = await pair(town, shelf)
        far.tell(Note(np.zeros(LARGE)))
        await one.post.payloads_taken(5.0)
        assert not shelf.held
        assert len(actor(two, far).seen) == 1

    in_town(main)

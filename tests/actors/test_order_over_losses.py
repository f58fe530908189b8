"""What was told is handled in order and once, or accounted for, whatever hosts are killed: judged from an outer log."""

import asyncio
from collections import Counter, defaultdict
from random import Random
from typing import Any

import pytest

from actors import Actor, HostLost, MailboxOptions, Ref, Settings, receive
from tests.actors.town import Note, Resident, Town, in_town, until

Told = tuple[int, int, int]
"""The sender's host, the receiver, and which message of this pair it is."""

HANDLED: list[Told] = []


class Receiver(Actor):
    """Writes down what it handles, where no host can take it away."""

    mailbox = MailboxOptions(bound=200)

    @receive
    def note(self, note: Note) -> None:
        HANDLED.append(note.text)


class Traffic:
    """Two hosts that live and tell, two that receive and are killed now and then."""

    def __init__(self, town: Town, seed: int) -> None:
        self.town = town
        self.random = Random(seed)
        self.told: Counter[tuple[int, int]] = Counter()
        self.lost: dict[int, list[HostLost]] = defaultdict(list)

    async def begin(self) -> None:
        HANDLED.clear()
        self.town.bears_losses()
        settings = Settings(link_buffer_bytes=64 * 1024, chunk_bytes=32 * 1024, cancel_grace=0.2, stop_budget=0.2)
        self.senders = [await self.town.settle(settings=settings) for _ in range(2)]
        self.hosts = [await self.town.settle() for _ in range(2)]
        for number, sender in enumerate(self.senders):
            sender.host.dead_letters.on_host_lost(self.lost[number].append)
        self.receivers: list[Ref[Any]] = [
            await self.senders[0].spawn(Receiver, seat=host.host.seat) for host in self.hosts for _ in range(2)
        ]

    async def step(self) -> None:
        random = self.random
        chance = random.random()
        if chance < 0.7:
            for _ in range(random.choice((1, 5, 50, 400))):
                self.tell(random.randrange(2), random.randrange(4))
        elif chance < 0.97:
            for _ in range(random.randrange(30)):
                await asyncio.sleep(0)
        else:
            number = random.randrange(2)
            dead = self.hosts[number]
            await self.town.kill(dead)
            for _ in range(random.randrange(3)):
                self.tell(random.randrange(2), random.randrange(4))
            self.hosts[number] = await self.town.settle(seat=dead.host.seat)

    def tell(self, sender: int, receiver: int) -> None:
        pair = sender, receiver
        self.told[pair] += 1
        self.senders[sender].ref(self.receivers[receiver]).tell(Note((*pair, self.told[pair])))

    async def end(self) -> None:
        """Wait until a last message to each has come."""
        for number, receiver in enumerate(self.receivers):
            await until(lambda receiver=receiver: any(self.lives(it, receiver) for it in self.hosts))
            for sender in range(2):
                self.told[sender, number] += 1
                last = (sender, number, self.told[sender, number])
                await self.senders[sender].ref(receiver).send(Note(last))
                await until(lambda last=last: last in HANDLED)

    def lives(self, host: Resident, ref: Ref[Any]) -> bool:
        return ref.address.number in host.host.cells


@pytest.mark.parametrize("seed", range(8))
def test_what_is_told_is_handled_in_order_and_once_or_accounted_for(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.post.arrivals.REPORTING", 0.002)

    async def main(town: Town) -> None:
        traffic = Traffic(town, seed)
        await traffic.begin()
        for _ in range(150):
            await traffic.step()
        await traffic.end()
        letters = [letter for resident in town.residents for letter in resident.letters]
        certain = {letter.message.text for letter in letters if letter.reason.value != "unknown"}
        given_up = {letter.message.text for letter in letters}
        handled = set(HANDLED)
        assert len(handled) == len(HANDLED)
        assert not handled & certain
        for pair in traffic.told:
            of_pair = [it[2] for it in HANDLED if it[:2] == pair]
            assert of_pair == sorted(of_pair)
        for sender in range(2):
            sent = {
                (*pair, nth) for pair, count in traffic.told.items() if pair[0] == sender for nth in range(1, count + 1)
            }
            died = sent - handled - given_up
            assert len(died) <= sum(event.at_most for event in traffic.lost[sender])

    in_town(main)

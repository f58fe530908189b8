"""Actors that do a little of everything the runtime promises, and write down what they see."""

from typing import Any

from actors import Actor, Message, Ref, Reply, Request, Supervision, Terminated, call, receive
from tests.laws.journal import Handled, Journal, Life, Told

journals: list[Journal] = []
"""The journal of the run that goes on; a run begins by putting its own here."""


class Word(Message):
    """One numbered message. Plain numbers only, for a dead letter may be taken from a record without its classes."""

    player: int
    epoch: int
    incarnation: int
    to: int
    seq: int

    @property
    def told(self) -> Told:
        """As the journal has it."""
        return Told(Life(self.player, self.epoch, self.incarnation), self.to, self.seq)


class Question(Request[int]):
    """Asks for the double of a number that nobody else has."""

    number: int


class Tick(Message):
    """A timer's message: whose timer it is."""

    life: Life


class Play(Message):
    """Tell each of these so many words, with `fail` in between."""

    to: tuple[tuple[int, Ref[Any]], ...]
    words: int


class Fail(Message):
    """Fail now."""


class Player(Actor):
    """Tells, answers, fails and starts anew."""

    supervision = Supervision(restarts=1000)

    def __init__(self, player: int) -> None:
        self.player = player
        self.counts: dict[int, int] = {}

    def on_start(self) -> None:
        """Write it down, and let a timer tick."""
        self.journal = journals[-1]
        context = self.context
        self.life = Life(self.player, context._cell.host.sitting.epoch, context.incarnation)
        self.journal.started.append(self.life)
        context.timers.fixed_delay("tick", 0.3, Tick(self.life))

    @receive
    def tick(self, tick: Tick) -> None:
        """It must be of this life."""
        self.journal.ticks.append((tick.life, self.life))
        self.journal.acts.append(self.life)
        self.journal.acts.append(self.life)

    @receive
    def play(self, play: Play) -> None:
        """Tell everybody."""
        for player, ref in play.to:
            for _ in range(play.words):
                seq = self.counts[player] = self.counts.get(player, 0) + 1
                self.journal.told.append(Told(self.life, player, seq))
                ref.tell(Word(*self.life, to=player, seq=seq))

    @receive
    def word(self, word: Word) -> None:
        """Write it down."""
        self.journal.handled.append(Handled(word.told, self.life))
        self.journal.acts.append(self.life)

    @receive
    def question(self, question: Question) -> int:
        """Answer."""
        self.journal.ran[question.number] += 1
        return 2 * question.number

    @receive
    def fail(self, fail: Fail) -> None:
        """Raise."""
        raise ValueError("planned")


class Watcher(Actor):
    """Watches players, and is told words by them."""

    def __init__(self, number: int) -> None:
        self.player = number
        self.dead: dict[Any, int] = {}
        self.watched: dict[Any, int] = {}

    def on_start(self) -> None:
        """Write it down."""
        self.journal = journals[-1]
        self.life = Life(self.player, self.context._cell.host.sitting.epoch, self.context.incarnation)
        self.journal.started.append(self.life)

    @call
    def watch(self, player: int, ref: Ref[Player]) -> None:
        """Watch this one."""
        self.watched[ref] = player
        self.journal.watches.add((self.life, player))
        self.context.watch(ref)

    @receive
    def ended(self, event: Terminated) -> None:
        """Write it down."""
        player = self.watched[event.ref]
        self.journal.ended[self.life, player] += 1
        self.dead[player] = event.incarnation

    @receive
    def word(self, word: Word) -> None:
        """Nothing may come of a life whose end was told."""
        life = word.told.life
        self.journal.handled.append(Handled(word.told, self.life))
        if life.incarnation <= self.dead.get(life.player, 0):
            self.journal.after_end.append(f"{life} spoke to {self.player} after its end was told")


class Lock(Actor):
    """One holder at a time, first come first served; a holder that ends releases."""

    def __init__(self) -> None:
        self.holder: tuple[int, Ref[Any]] | None = None
        self.waiting: list[tuple[int, Ref[Any], Reply[bool]]] = []

    def on_start(self) -> None:
        """Find the journal."""
        self.journal = journals[-1]

    @call
    def acquire(self, number: int, owner: Ref[Any]) -> bool:
        """Answers when the lock is the owner's."""
        if self.holder is None:
            self.grant(number, owner)
            return True
        self.waiting.append((number, owner, self.context.reply_later()))
        return False

    @call
    def release(self, number: int) -> bool:
        """Give it back; False when it was not this one's."""
        if not self.is_held_by(number):
            return False
        self.over("release", number)
        return True

    @receive
    def gone(self, event: Terminated) -> None:
        """The holder has ended, or one that waited."""
        self.waiting = [it for it in self.waiting if it[1] != event.ref]
        if self.holder is not None and self.holder[1] == event.ref:
            self.over("gone", self.holder[0])

    def is_held_by(self, number: int) -> bool:
        """Whether this one may release it."""
        return self.holder is not None and self.holder[0] == number

    def grant(self, number: int, owner: Ref[Any]) -> None:
        """It is theirs."""
        self.journal.grants.append(("grant", number))
        self.holder = (number, owner)
        self.context.watch(owner)

    def over(self, why: str, number: int) -> None:
        """The next one's turn."""
        assert self.holder is not None
        self.journal.grants.append((why, number))
        self.context.unwatch(self.holder[1])
        self.holder = None
        if self.waiting:
            number, owner, reply = self.waiting.pop(0)
            self.grant(number, owner)
            reply.reply(True)

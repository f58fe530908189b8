"""A small supervised tree over several hosts, whose actors write down outside of every process who lives and acts.

top ── one_for_one ── leaf leaf leaf
    ── one_for_all ── leaf leaf leaf
    ── rest_for_one ─ leaf leaf leaf
"""

from collections import Counter
from typing import Any, NamedTuple

from actors import (
    Actor,
    Message,
    Ref,
    Restart,
    ServiceKey,
    Strategy,
    Supervision,
    Terminated,
    call,
    receive,
    spread,
)
from actors.address import Address

LEAVES = 3
BEAT = 0.5

PATIENT = Supervision(restarts=1000, within=1.0)


class Life(NamedTuple):
    """One incarnation behind one address, on one sitting."""

    address: Address
    epoch: int
    incarnation: int


class Register:
    """Grows while a run goes on; the laws read it afterwards."""

    def __init__(self) -> None:
        self.acts: list[Life] = []
        """Who acted, in the order of the whole world."""
        self.watched: set[Address] = set()
        self.ended: Counter[Address] = Counter()
        self.wrong: list[str] = []
        """What was found wrong while the run went on."""


registers: list[Register] = []
"""That of the run that goes on; a run begins by putting its own here."""


class Beat(Message):
    """A timer's message."""


class Member(Actor):
    """Acts now and then, and fails when it is told to."""

    def on_start(self) -> None:
        """Act."""
        self.begin()

    def begin(self) -> None:
        """From now on this life acts."""
        host = self.context._cell.host
        self.register = registers[-1]
        self.life = Life(self.context.ref.address, host.sitting.epoch, self.context.incarnation)
        self.register.acts.append(self.life)
        self.context.timers.fixed_delay("beat", BEAT, Beat())

    @receive
    def beat(self, beat: Beat) -> None:
        """It lives."""
        self.register.acts.append(self.life)

    @call
    def fail(self) -> None:
        """Raise."""
        raise ValueError("planned")


class Leaf(Member):
    """Is registered as long as it lives."""

    def on_start(self) -> None:
        """Act, and be found."""
        self.begin()
        self.context.receptionist.register(KEY, self.context.ref)

    @call
    def lives(self) -> int:
        """How often it has begun."""
        return self.context.incarnation


KEY = ServiceKey(Leaf, "leaves")


class Parent(Member):
    """Has named children on any host; one that is started anew begins with new ones."""

    supervision = PATIENT
    kinds: tuple[type[Actor], ...] = (Leaf,) * LEAVES

    async def on_start(self) -> None:
        """Act, and have children."""
        self.begin()
        self.family: list[Ref[Any]] = []
        for number, kind in enumerate(self.kinds):
            spawner = self.context.options(name=f"{number}", placement=spread(), restart=Restart.PERMANENT)
            self.family.append(await spawner.spawn(kind))

    @call
    def children(self) -> list[Ref[Any]]:
        """Its children."""
        return self.family


class OneForOne(Parent):
    """Its children do not depend on each other."""


class OneForAll(Parent):
    """Each of its children depends on each."""

    supervision = Supervision(restarts=1000, within=1.0, strategy=Strategy.ONE_FOR_ALL)


class RestForOne(Parent):
    """Each of its children depends on those before it."""

    supervision = Supervision(restarts=1000, within=1.0, strategy=Strategy.REST_FOR_ONE)


class Top(Parent):
    """The root of the tree."""

    kinds = (OneForOne, OneForAll, RestForOne)


class Watchman(Actor):
    """Watches, and counts the ends."""

    @call
    def watch(self, refs: list[Ref[Any]]) -> None:
        """Watch these; whoever was watched before is not watched again."""
        register = registers[-1]
        for ref in refs:
            if ref.address not in register.watched:
                register.watched.add(ref.address)
                self.context.watch(ref)

    @receive
    def terminated(self, event: Terminated) -> None:
        """Count it."""
        registers[-1].ended[event.ref.address] += 1

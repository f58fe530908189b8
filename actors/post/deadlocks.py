"""Finds actors that wait for each other's answers, on any hosts, and ends one of their asks (rule A43).

An edge leads from A to B while A's ordinary handler itself awaits exactly one ask to B. So each actor has one edge at
most, and a deadlock is a cycle. A host looks at the asks that wait, and from those that it sees for a second time it
follows the edges. Where they lead to another host, a probe goes on with the path so far. When the path has come back to
where it began, the probe goes round once more. What holds at both visits held between the two rounds, at one moment for
all, so the cycle was true. Then the ask with the largest number ends of those whose requests are in a mailbox. It is
ended where its request waits, so that nothing can run what its asker was told has not run.

Asks pay nothing for this: nothing is noted when one is awaited, for a future knows who waits for it. A host looks only
while asks wait, and LOOKS times after the latest of them: whatever edge comes last finds the cycle.
"""

import asyncio
import logging
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any
from weakref import ref

import msgspec

from actors.address import Address
from actors.errors import Deadlock
from actors.mail.activity import Activity, running
from actors.mail.asks import Ask
from actors.mail.envelope import Asker, Envelope, attempts_of
from actors.post.answers import RemoteAsker
from actors.supervising.signals import Edge, Probe

if TYPE_CHECKING:
    from actors.cells.cell import Cell
    from actors.host import Host

log = logging.getLogger("understudy.actor")

LOOKS = 64
"""So often a host looks after the latest of its asks. An edge is followed at the 2nd, 3rd, 5th, 9th ... look at it."""

STEPS = 1000
"""Asks looked at, and edges followed, before the loop does something else."""

PAUSE = 0.02
"""Seconds until it goes on."""

LONGEST = 256
"""Edges of the longest cycle that is found."""

ENDING = LONGEST + 1
"""Where a probe is whose cycle was found to be true."""

SHOWN = 8
"""Actors that a message names; the error has all."""


class Wait(msgspec.Struct, eq=False):
    """An edge that begins on this host. Of the ask it keeps what does not keep it, with all that its error leads to."""

    future: "ref[asyncio.Future[object]]"
    target: Address
    ask: int
    number: int
    looks: int = 0


class Deadlocks:
    """The share of one host in finding them."""

    def __init__(self, host: "Host") -> None:
        self._host = host
        self._pause = host.settings.deadlock_after
        self._waits: dict[int, Wait] = {}
        """By the asker's number, as the last look has seen them."""
        self._number = 0
        self._left = 0
        """So often it looks again, unless there is news."""
        self._sent: dict[int, None] = {}
        """Edges from which a probe has left since the last look began."""
        self._look_due: asyncio.TimerHandle | None = None
        self._rest: asyncio.TimerHandle | None = None
        """When the look goes on that has not come to its end."""
        if self._pause:
            host.asks.opened = self._look_again

    def asks_itself(self, ask: Ask) -> None:
        """An actor asks itself: if its handler awaits that, it will be seen as soon as it does."""
        if self._pause:
            self._host.loop.call_soon(self._host.apart, self._look_at, ask)

    def close(self) -> None:
        """Look no more."""
        self._pause = 0.0
        for timer in (self._look_due, self._rest):
            if timer is not None:
                timer.cancel()

    # ---- looking ----------------------------------------------------------------------------------------------------

    def _look_again(self) -> None:
        self._left = LOOKS
        self._look_later()

    def _look_later(self) -> None:
        if self._look_due is None and self._pause:
            self._look_due = self._host.loop.call_later(self._pause, self._host.apart, self._look)

    def _look(self) -> None:
        self._look_due = None
        if self._rest is not None:
            self._look_later()
        else:
            self._host.asks.tell_of_next()
            self._go_on(self._steps())

    def _go_on(self, steps: Iterator[None]) -> None:
        self._rest = None
        if sum(1 for _ in islice(steps, STEPS)) == STEPS:
            self._rest = self._host.loop.call_later(PAUSE, self._host.apart, self._go_on, steps)

    def _steps(self) -> Iterator[None]:
        waits: dict[int, Wait] = {}
        asks = self._host.asks.waiting()
        for ask in asks:
            yield
            cell = self._asker_of(ask.future)
            if cell is not None:
                wait = waits[cell.address.number] = self._known(cell, ask)
                wait.looks += 1
        self._waits = waits
        self._sent = {}
        for wait in list(waits.values()):
            seen = wait.looks - 1
            if seen > 0 and not seen & (seen - 1):
                yield from self._follow(wait)
        if asks and self._left:
            self._left -= 1
            self._look_later()

    def _look_at(self, ask: Ask) -> None:
        cell = self._asker_of(ask.future)
        if cell is not None:
            wait = self._waits[cell.address.number] = self._known(cell, ask)
            self._again(cell.address.number, Probe((self._edge(wait, cell),), at=0))

    def _known(self, cell: "Cell", ask: Ask) -> Wait:
        known = self._waits.get(cell.address.number)
        if known is not None and known.future() is ask.future:
            return known
        self._number += 1
        return Wait(ref(ask.future), ask.target, ask.number, self._number)

    def _asker_of(self, future: "asyncio.Future[object] | None") -> "Cell | None":
        """Whose ordinary handler itself awaits the future of an ask, and nothing else."""
        # No public attribute says who waits for a future and what a task waits for. To note it would cost each ask.
        if future is None or future.done():
            return None
        callbacks: list[Any] = getattr(future, "_callbacks", None) or []
        for _, variables in callbacks:
            activity = variables.get(running)
            if activity.__class__ is not Activity or activity.task is None:  # not in a handler, or beside it
                continue
            cell = activity.cell
            if cell is None or cell.host is not self._host or not cell.alone or activity not in (cell.activities or ()):
                continue
            task = self._host.work.awaiting.get(activity, activity.task)
            if getattr(task, "_fut_waiter", None) is future:
                return cell
        return None

    # ---- following --------------------------------------------------------------------------------------------------

    def _follow(self, first: Wait) -> Iterator[None]:
        """From an edge of this host to where its path ends, comes back, or leaves the host."""
        wait, path = first, list[Edge]()
        while len(path) < LONGEST:
            yield
            cell = self._asker_of(wait.future())
            if cell is None:
                return
            path.append(self._edge(wait, cell))
            target = wait.target
            if target.seat != self._host.seat:
                if wait.number not in self._sent:  # many may wait for the one that asks another host
                    self._sent[wait.number] = None
                    self._host.signal(target, Probe((path[-1],)))
                return
            found = self._waits.get(target.number)
            if found is None:
                return
            if found is first:
                self._again(target.number, Probe(tuple(path), at=0))
                return
            wait = found

    def probed(self, cell: "Cell", probe: Probe) -> None:
        """A probe has come to the actor for which the path's last one waits."""
        if not self._pause:
            return
        if cell.address.number not in self._waits:  # it may have begun to wait after the last look
            self._look_again()
        if probe.at < 0:
            self._seek(cell.address.number, list(probe.path))
        elif probe.at == ENDING:
            self._end(cell, probe.path)
        else:
            self._again(cell.address.number, probe)

    def _seek(self, number: int, path: list[Edge]) -> None:
        passed = {edge.asker.number for edge in path}
        while len(path) < LONGEST:
            wait = self._waits.get(number)
            cell = self._asker_of(wait.future()) if wait is not None else None
            if wait is None or cell is None:
                return
            edge = self._edge(wait, cell)
            if number in passed:  # else it is on the way into a cycle, whose own edges find it
                if edge == path[0]:
                    self._again(number, Probe(tuple(path), at=0))
                return
            path.append(edge)
            passed.add(number)
            target = wait.target
            if target.seat != self._host.seat:
                self._host.signal(target, Probe(tuple(path)))
                return
            number = target.number

    def _again(self, number: int, probe: Probe) -> None:
        """Go on with the second round, which begins and ends at the first edge's asker: look at each edge again."""
        path, at, queued = probe.path, probe.at, list(probe.queued)
        while at <= len(path):
            edge = path[at % len(path)]
            wait = self._waits.get(number)
            cell = self._asker_of(wait.future()) if wait is not None else None
            if wait is None or cell is None or self._edge(wait, cell) != edge:
                return
            if at:
                request = self._request(cell, path[at - 1])
                if request is None:
                    return
                if request[1]:
                    queued.append(at - 1)
            at += 1
            target = wait.target
            if at <= len(path) and target.seat != self._host.seat:
                self._host.signal(target, Probe(path, at, tuple(queued)))
                return
            number = target.number
        self._judge(path, queued)

    # ---- ending -----------------------------------------------------------------------------------------------------

    def _judge(self, path: tuple[Edge, ...], queued: list[int]) -> None:
        """The cycle was true. Whatever host finds it chooses the same ask."""
        if queued:
            chosen = max(queued, key=lambda it: (path[it].epoch, path[it].number))
            cycle = path[chosen:] + path[:chosen]
            self._host.signal(cycle[1 % len(cycle)].asker, Probe(cycle, at=ENDING))

    def _end(self, cell: "Cell", cycle: tuple[Edge, ...]) -> None:
        """Withdraw the request of the cycle's first edge, which waits here."""
        envelope, queued = self._request(cell, cycle[0]) or (None, False)
        if envelope is None or envelope.ask is None or envelope.ask.ended or not queued:
            return
        envelope.deadline = self._host.clock()  # so it is not run when its turn comes
        names = tuple(edge.name for edge in cycle)
        shown = " -> ".join((*names[:SHOWN], *(["..."] if len(names) > SHOWN else []), names[0]))
        if len(names) > 1:
            log.warning("Deadlock: %s wait for each other's answers; the ask of %s is ended.", shown, names[0])
        envelope.ask.fail(
            Deadlock(
                f"{shown}: each awaits an answer of the next in its handler, so none can come. Let one of them tell, "
                "reply later, or ask beside its handler with `context.pipe`.",
                cycle=names,
            )
        )

    def _request(self, cell: "Cell", edge: Edge) -> tuple[Envelope, bool] | None:
        """The request of an edge that ends at this actor, and whether it waits in its mailbox and never ran.

        A `send` that waits for room has none: any message that is taken may make room.
        """
        for activity in cell.activities or ():
            envelope = activity.envelope if activity.__class__ is Activity else None
            if envelope is not None and self._asks(envelope.ask, edge):
                return envelope, False
        for envelope in cell.mailbox.queued():
            if self._asks(envelope.ask, edge):
                return envelope, not attempts_of(envelope)
        for envelope in cell.stash or ():
            if self._asks(envelope.ask, edge):
                return envelope, False
        return None

    def _asks(self, asker: Asker | None, edge: Edge) -> bool:
        """Whether this is who waits at the other end of an edge."""
        if edge.ask:
            return (
                isinstance(asker, RemoteAsker)
                and asker.number == edge.ask
                and asker.peer.sitting == (edge.asker.seat, edge.epoch)
            )
        wait = self._waits.get(edge.asker.number)
        if wait is None or wait.number != edge.number or not isinstance(asker, Ask):
            return False
        return asker.future is wait.future()

    def _edge(self, wait: Wait, cell: "Cell") -> Edge:
        return Edge(cell.address, self._host.sitting.epoch, wait.number, wait.ask, cell.name)

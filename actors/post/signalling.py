"""Sends the signals of one host to others: in order, and starts that are sent again a few at a time.

When a seat is taken again, 10,000 children may have to start there. To encode that many starts takes a tenth of a
second, in which nothing else would happen on this host. So they are sent in slices, and later signals to the same seat
wait behind them.
"""

import logging
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import structs

from actors.address import Address, Sitting
from actors.encoding.code import ClassTable
from actors.encoding.pickling import dumps_spec
from actors.errors import Unsendable
from actors.post.answers import Answers
from actors.post.peer import Peer
from actors.post.waiting_link import NOBODY
from actors.post.wire import FAILED, SIGNAL
from actors.supervising.signals import (
    ChildEnded,
    ChildFailed,
    Ended,
    EndReason,
    NewsAbout,
    OfChild,
    PeerEnded,
    Probe,
    Restored,
    ResumeChild,
    Signal,
    StartChild,
    StopReport,
)

if TYPE_CHECKING:
    from actors.host import Host

log = logging.getLogger("understudy.post")

SLICE = 0.002
"""Seconds that are spent on sending starts again before the loop does something else."""

FOR_THE_DEAD = OfChild | ResumeChild | Ended | PeerEnded | NewsAbout | Restored | Probe
"""Signals to a sitting that has ended, which mean nothing to the next one on its seat."""


class Signalling:
    """The outgoing signals of one host."""

    def __init__(
        self, host: "Host", classes: ClassTable, answers: Answers, peer_on: Callable[[int], Peer | None]
    ) -> None:
        self._host = host
        self._classes = classes
        self._answers = answers
        self._peer_on = peer_on
        self._paced: dict[int, deque[tuple[Address, Signal]]] = {}
        """By seat, what waits behind starts that are sent again."""

    def send(self, to: Address, signal: Signal) -> None:
        """Send a signal; raises Unsendable for a first start whose arguments cannot be encoded."""
        paced = self._paced.get(to.seat)
        if paced is not None:
            paced.append((to, signal))
        elif isinstance(signal, StartChild) and signal.incarnation > 1:
            self._paced[to.seat] = deque([(to, signal)])
            self._host.loop.call_soon(self._send_slice, to.seat)
        else:
            self._send_now(to, signal)

    def give_up(self, sitting: Sitting) -> None:
        """A sitting has ended before everything was sent to it."""
        for to, signal in self._paced.pop(sitting.seat, ()):
            self._host.seating.nobody_there(to, signal, sitting.epoch)

    def _send_slice(self, seat: int) -> None:
        paced, clock = self._paced.get(seat), self._host.clock
        if paced is None:  # given up meanwhile
            return
        until = clock() + SLICE
        while paced:
            to, signal = paced.popleft()
            try:
                self._send_now(to, signal)
            except Unsendable as error:
                self._cannot_start(signal, error)
            if clock() >= until and paced:
                self._host.loop.call_soon(self._send_slice, seat)
                return
        del self._paced[seat]

    def _cannot_start(self, signal: Signal, error: Unsendable) -> None:
        log.error("A signal to another host cannot be encoded.", exc_info=error)
        if isinstance(signal, StartChild):
            ended = ChildEnded(signal.child, signal.incarnation, EndReason.FAILED, StopReport())
            self._host.signal(signal.parent, ended)

    def _send_now(self, to: Address, signal: Signal) -> None:
        peer = self._peer_on(to.seat)
        if peer is None:
            self._host.seating.nobody_there(to, signal)
        elif isinstance(signal, FOR_THE_DEAD) and peer.sitting.epoch == NOBODY and self._host.seating.was_lost(to.seat):
            pass  # whom it was for has died
        elif isinstance(signal, ChildFailed):
            failure, error = signal.failure, signal.failure.error
            bare = structs.replace(signal, failure=structs.replace(failure, error=None))
            peer.put((FAILED, to.number, bare, self._answers.parcel(error)), 0, must=True)
        else:
            self._put(peer, to, signal)

    def _put(self, peer: Peer, to: Address, signal: Signal) -> None:
        try:
            peer.put((SIGNAL, to.number, signal), 0, must=True)
        except Unsendable:
            if isinstance(signal, StartChild):  # names the argument
                spec = signal.spec
                dumps_spec(spec.actor_class, spec.args, spec.kwargs or {}, [], self._classes.origin, [])
            raise

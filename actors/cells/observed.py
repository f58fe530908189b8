"""A cell that an instrument watches: messages sent to it get headers, and handling a message with one is observed.

A system with an instrument has cells of this class; the loop is the same. A message that nobody watches stays a plain
envelope, and all that it costs is one look at what its sender is handling. One that is watched is `Headed`, and its
handler is the observer's twin of it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from actors.cells.cell import Cell
from actors.cells.observer import header_of
from actors.cells.streams import Incoming
from actors.instrument import Verb
from actors.mail.activity import running
from actors.mail.asks import Ask
from actors.mail.dead_letters import Reason
from actors.mail.envelope import PLAIN, Arrived, Envelope, Headed

if TYPE_CHECKING:
    from actors.address import Address
    from actors.host import Host
    from actors.supervising.signals import Spec

_running = running.get


class ObservedCell(Cell):
    """One address on a host that has an instrument."""

    __slots__ = ("failed_by", "observer", "stopped_by")

    def __init__(self, host: "Host", address: "Address", spec: "Spec", parent: "Address", path: str) -> None:
        super().__init__(host, address, spec, parent, path)
        assert host.observer is not None  # that is why it is of this class
        self.observer = host.observer
        self.failed_by = b""
        """The header of the message that this actor failed at last."""
        self.stopped_by = b""
        """The header of the message in whose handling it stopped itself."""

    @property
    def kind(self) -> type:
        """The class of its actor."""
        return self.spec.actor_class

    # ---- messages in ------------------------------------------------------------------------------------------------

    def accept(self, envelope: Envelope) -> None:
        """As any cell; what was sent on this host, or from outside all actors, may get a header."""
        if envelope.sender is None:  # from outside: is there anything around it, and if not, is it one to be watched?
            observer = self.observer
            current = observer.current  # on its own, for Python cannot speed up the call of a field
            if current():
                self._accept_watched(envelope)
                return
            for _ in observer.unwatched:
                break
            else:
                self._accept_watched(envelope)
                return
        else:
            kind = _running().envelope.__class__
            if kind is not Envelope and kind is not Arrived:  # else nobody watches what is being handled
                self._accept_watched(envelope)
                return
        mailbox = self.mailbox  # from here on as any cell, without a call
        queue = mailbox.queue
        if queue is not None and not mailbox.special and len(queue) < mailbox.bound:
            queue.append(envelope)
            if self.idle:
                self.idle = False
                self.host.wake(self)
        else:
            Cell.accept(self, envelope)

    def _accept_watched(self, envelope: Envelope) -> None:
        handled = running.get().envelope
        if handled is None and not self.observer.starts():
            Cell.accept(self, envelope)
            return
        ask = envelope.ask
        if ask is None:
            verb = Verb.TELL
        elif handled is not None and ask is handled.ask:
            verb, ask = Verb.FORWARD, None
        else:
            verb = Verb.STREAM if isinstance(ask, Incoming) else Verb.ASK
        observation = self.observer.sends_watched(verb, envelope.message, self.address, handled, ask)
        if observation is not None:
            envelope = self._headed(envelope, verb, observation.header)
        Cell.accept(self, envelope)
        self.observer.queued(verb, observation)

    def accept_send(self, envelope: Envelope) -> None:
        """As any cell; see `accept`."""
        handled = running.get().envelope
        if handled.__class__ not in PLAIN and isinstance(envelope.accepted, Ask):
            sends = self.observer.sends
            observation = sends(Verb.SEND, envelope.message, self.address, handled, envelope.accepted)
            if observation is not None:
                envelope = self._headed(envelope, Verb.SEND, observation.header)
        super().accept_send(envelope)

    def accept_exempt(self, envelope: Envelope) -> None:
        """As any cell. A tick belongs to nothing; what the runtime says begins something new."""
        handled = running.get().envelope
        if envelope.sender is None:
            envelope = self._headed(envelope, Verb.NEWS, b"")
        elif envelope.tick is not None:
            guarded = self.observer.guarded
            verb = Verb.TICK if envelope.tick.delay is None else Verb.DELAYED
            envelope = self._headed(envelope, verb, guarded.does(guarded.instrument.schedules, b""))
        elif handled.__class__ not in PLAIN:
            observation = self.observer.sends(Verb.TELL, envelope.message, self.address, handled)
            if observation is not None:
                envelope = self._headed(envelope, Verb.TELL, observation.header)
                self.observer.queued(Verb.TELL, observation)
        if envelope.tick is not None:
            envelope.tick.holds(envelope)
        super().accept_exempt(envelope)

    def arrive(self, envelope: Envelope) -> None:
        """From another host, without a header: nobody watches it, unless it comes from where there is no instrument."""
        if envelope.sender is None:
            envelope = self._headed(envelope, Verb.NEWS if envelope.ask is None else Verb.ASK, b"")
        Cell.accept(self, envelope)

    def arrive_headed(self, envelope: Envelope, header: bytes) -> None:
        """From another host, with what its instrument said."""
        ask = envelope.ask
        verb = Verb.SEND if envelope.accepted is not None else Verb.TELL if ask is None else Verb.ASK
        headed = self._headed(envelope, verb, header)
        if envelope.accepted is not None:
            Cell.accept_send(self, headed)
        else:
            Cell.accept(self, headed)

    def give_up(self, envelope: Envelope, reason: Reason) -> None:
        """As any cell; the instrument hears whose message it was."""
        self.observer.giving_up = envelope.header if isinstance(envelope, Headed) else b""
        super().give_up(envelope, reason)
        self.observer.giving_up = b""

    def _headed(self, envelope: Envelope, verb: Verb, header: bytes) -> Headed:
        if isinstance(envelope, Headed):  # it comes again
            return envelope
        return Headed(
            envelope.message,
            self.observer.twin(envelope.handler),
            envelope.sender,
            envelope.ask,
            envelope.deadline,
            envelope.accepted,
            envelope.exempt,
            envelope.missed,
            envelope.tick,
            envelope.key,
            envelope.receipt if isinstance(envelope, Arrived) else None,
            header,
            verb,
            self.host.clock(),
        )

    # ---- what it does -----------------------------------------------------------------------------------------------

    def become(self, behaviour: "Callable[[Any], Any] | None") -> None:
        """As any cell."""
        super().become(None if behaviour is None else self.observer.behaviour(behaviour))

    def stop(self) -> None:
        """As any cell; its end will be shown below this message."""
        handled = running.get().envelope
        self.stopped_by = (header_of(handled) or b"") if handled is not None else b""
        super().stop()

    def raised(self, envelope: Envelope, error: BaseException) -> None:
        """As any cell; the restart will be linked to this message."""
        if isinstance(envelope, Headed):
            self.failed_by = header_of(envelope) or b""
        super().raised(envelope, error)

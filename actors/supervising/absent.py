"""Answers for actors that are not there, so that their watchers, peers and parents do not wait for ever."""

import logging
from typing import TYPE_CHECKING

from actors.address import Address, Sitting
from actors.supervising.signals import (
    ChildEnded,
    ChildFailed,
    ChildFinished,
    ChildHalted,
    ChildStarted,
    Ended,
    EndReason,
    HaltChild,
    LinkPeer,
    Signal,
    StartChild,
    StopChild,
    StopReport,
    Watch,
    not_linked,
)

if TYPE_CHECKING:
    from actors.host import Host

log = logging.getLogger("understudy.host")


def has_ended(host: "Host", signal: Signal) -> None:
    """The signal came to this host, and is for an address that has ended here."""
    match signal:
        case Watch():
            ended = Ended(signal.watched, signal.watcher, signal.watch, 0, EndReason.NOT_RUNNING)
            host.signal(signal.watcher, ended)
        case LinkPeer():
            host.signal(signal.linker, not_linked(signal, EndReason.NOT_RUNNING))
        case StopChild() | HaltChild():
            host.signal(signal.parent, ChildEnded(signal.child, 0, EndReason.NOT_RUNNING, StopReport()))
        case ChildFailed() | ChildFinished() | ChildHalted() | ChildStarted():
            host.signal(signal.child, StopChild(signal.child, host.root.address, EndReason.PARENT_ENDED))
        case _:
            pass


def has_no_host(host: "Host", to: Address, signal: Signal, epoch: int) -> None:
    """The signal cannot be sent, because nobody sits on the seat of its address (any more).

    `epoch` is that of the sitting it was for; 0 where nobody knew any.
    """
    why = EndReason.HOST_LOST if epoch else EndReason.NOT_RUNNING
    match signal:
        case Watch():
            ended = Ended(signal.watched, signal.watcher, signal.watch, 0, why)
            host.received_signal(signal.watcher.number, ended)
        case LinkPeer():
            host.received_signal(signal.linker.number, not_linked(signal, why))
        case StartChild() | StopChild():
            if epoch and host.seating.is_kept(Sitting(to.seat, epoch)):
                return  # the child is away
            ended_child = ChildEnded(signal.child, 0, EndReason.HOST_LOST, StopReport())
            host.received_signal(signal.parent.number, ended_child)
        case _:
            log.debug("Nobody sits on the seat of %s; %s was not sent.", to, type(signal).__name__)

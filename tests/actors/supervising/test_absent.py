"""Signals to those who are not there are answered in their place."""

from types import SimpleNamespace
from typing import Any

import pytest

from actors import Actor, EndReason, StopReport
from actors.address import Address
from actors.supervising.absent import has_ended, has_no_host
from actors.supervising.signals import (
    Cause,
    ChildEnded,
    ChildFinished,
    ChildHalted,
    ChildStarted,
    Ended,
    HaltChild,
    LinkPeer,
    PeerEnded,
    ResumeChild,
    Signal,
    Spec,
    StartChild,
    StopChild,
    Watch,
)

GONE, ASKER, ROOT = Address("s", 1, 70), Address("s", 0, 80), Address("s", 1, 0)


class Part(Actor):
    """Stands in the spec."""


class Host:
    """Writes down what it would have sent, and what it would have told its own actors."""

    def __init__(self, kept: bool = False) -> None:
        self.sent: list[tuple[Address, Any]] = []
        self.received: list[tuple[int, Any]] = []
        self.root = SimpleNamespace(address=ROOT)
        self.seating = SimpleNamespace(is_kept=lambda sitting: kept)

    def signal(self, to: Address, signal: Any) -> None:
        self.sent.append((to, signal))

    def received_signal(self, number: int, signal: Any) -> None:
        self.received.append((number, signal))


def answered(signal: Signal) -> list[tuple[Address, Any]]:
    host: Any = Host()
    has_ended(host, signal)
    assert host.received == []
    return host.sent


def refused(signal: Signal, epoch: int, kept: bool = False) -> list[tuple[int, Any]]:
    host: Any = Host(kept)
    has_no_host(host, GONE, signal, epoch)
    assert host.sent == []
    return host.received


def unlinked(reason: EndReason) -> PeerEnded:
    return PeerEnded(ASKER, GONE, 0, (5,), reason, Cause(GONE, 0))


def test_a_watcher_and_a_linker_of_who_has_ended_hear_so():
    ended = Ended(GONE, ASKER, 5, 0, EndReason.NOT_RUNNING)
    assert answered(Watch(GONE, ASKER, 5)) == [(ASKER, ended)]
    assert answered(LinkPeer(GONE, ASKER, 5)) == [(ASKER, unlinked(EndReason.NOT_RUNNING))]


@pytest.mark.parametrize("signal", [StopChild(GONE, ASKER, EndReason.STOPPED), HaltChild(GONE, ASKER, 1)])
def test_a_parent_that_ends_who_has_ended_hears_so(signal: StopChild | HaltChild):
    assert answered(signal) == [(ASKER, ChildEnded(GONE, 0, EndReason.NOT_RUNNING, StopReport()))]


@pytest.mark.parametrize("signal", [ChildStarted(ASKER, 1), ChildHalted(ASKER, 1), ChildFinished(ASKER, 1)])
def test_a_child_whose_parent_has_ended_is_stopped(signal: ChildStarted | ChildHalted | ChildFinished):
    assert answered(signal) == [(ASKER, StopChild(ASKER, ROOT, EndReason.PARENT_ENDED))]


def test_what_asks_for_no_answer_gets_none():
    assert answered(ResumeChild(GONE, 1)) == []
    assert refused(ResumeChild(GONE, 1), 9) == []


@pytest.mark.parametrize(("epoch", "why"), [(0, EndReason.NOT_RUNNING), (9, EndReason.HOST_LOST)])
def test_who_watches_or_links_where_nobody_sits_hears_whether_somebody_did(epoch: int, why: EndReason):
    assert refused(Watch(GONE, ASKER, 5), epoch) == [(80, Ended(GONE, ASKER, 5, 0, why))]
    assert refused(LinkPeer(GONE, ASKER, 5), epoch) == [(80, unlinked(why))]


ENDED = [(80, ChildEnded(GONE, 0, EndReason.HOST_LOST, StopReport()))]


@pytest.mark.parametrize(
    "signal", [StartChild(GONE, 1, Spec(Part), ASKER, ""), StopChild(GONE, ASKER, EndReason.STOPPED)]
)
@pytest.mark.parametrize(("epoch", "kept", "heard"), [(9, True, []), (9, False, ENDED), (0, True, ENDED)])
def test_a_child_where_nobody_sits_has_ended_unless_its_seat_is_kept(
    signal: StartChild | StopChild, epoch: int, kept: bool, heard: list[tuple[int, Any]]
):
    assert refused(signal, epoch, kept) == heard

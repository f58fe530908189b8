"""What actors and their supervisors tell each other."""

import pytest

from actors import Actor, EndReason, StopReport
from actors.address import Address
from actors.supervising.signals import Cause, LinkPeer, PeerEnded, Spec, not_linked


class Part(Actor):
    """Stands in the spec."""


def test_no_start_sees_what_another_did_to_its_arguments_and_what_is_shared_stays_shared():
    shared = object()
    spec = Spec(Part, args=([1, [2]], shared), kwargs={"many": {"of": [3]}})
    (first, there), named = spec.arguments()
    first[1].append(9)
    named["many"]["of"].append(9)
    assert spec.arguments() == (([1, [2]], shared), {"many": {"of": [3]}})
    assert there is shared


def test_who_was_not_there_had_no_incarnation_and_is_the_cause_itself():
    linker, peer = Address("s", 0, 8), Address("s", 1, 7)
    told = not_linked(LinkPeer(peer, linker, 5), EndReason.HOST_LOST)
    assert told == PeerEnded(linker, peer, 0, (5,), EndReason.HOST_LOST, Cause(peer, 0))


def test_reports_of_stops_add_up():
    assert StopReport(2, ("a",)) + StopReport(1, ("b",)) == StopReport(3, ("a", "b"))


@pytest.mark.parametrize("reason", list(EndReason))
def test_an_end_is_normal_if_somebody_wanted_it(reason: EndReason):
    assert reason.normal is (reason in {EndReason.STOPPED, EndReason.PARENT_ENDED})

"""A message that is to go back waits no longer than whoever wants it so, and not for what was dropped meanwhile."""

from types import SimpleNamespace
from typing import Any

from actors.supervising.quarantines import Requeue, _Requeueing


class Ward:
    """A quarantine with one message, and a requeue of it that waits for room."""

    def __init__(self) -> None:
        self.now = 10.0
        self.patients: dict[int, object] = {7: object()}
        self.asker = SimpleNamespace(ended=False)
        host: Any = SimpleNamespace(quarantine=SimpleNamespace(patients=self.patients), clock=lambda: self.now)
        patient: Any = SimpleNamespace(entry=SimpleNamespace(number=7))
        asker: Any = self.asker
        self.waiting = _Requeueing(host, patient, asker, Requeue(7, 5.0, "ann"))


def test_a_requeue_ends_when_its_time_is_over_though_nobody_says_so():
    ward = Ward()
    assert not ward.waiting.ended
    ward.now = 14.9
    assert not ward.waiting.ended
    ward.now = 15.0
    assert ward.waiting.ended


def test_a_requeue_ends_with_its_asker():
    ward = Ward()
    ward.asker.ended = True
    assert ward.waiting.ended


def test_a_requeue_ends_when_its_message_is_dropped():
    ward = Ward()
    ward.patients.clear()
    assert ward.waiting.ended

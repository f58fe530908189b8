"""A message that is to go back waits no longer than whoever wants it so, and goes back once."""

from types import SimpleNamespace
from typing import Any

import pytest

from actors.errors import NotRunning
from actors.supervising.quarantines import Requeue, _Requeueing, answer


class Ward:
    """A quarantine with one message, and a requeue of it that waits for room."""

    def __init__(self) -> None:
        self.now = 10.0
        self.patients: dict[int, object] = {7: object()}
        self.asker = SimpleNamespace(ended=False, reply=lambda value: None)
        quarantine = SimpleNamespace(patients=self.patients, drop=self.patients.pop)
        host: Any = SimpleNamespace(quarantine=quarantine, clock=lambda: self.now)
        entry = SimpleNamespace(number=7, target="s/0/9", message_type="Note", actor="/bob")
        patient: Any = SimpleNamespace(entry=entry)
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


def test_a_message_that_was_taken_back_has_left_and_the_log_says_by_whom(caplog: pytest.LogCaptureFixture):
    ward = Ward()
    ward.waiting.reply(None)
    assert ward.patients == {}
    assert "Note, number 7, of /bob was requeued by ann." in caplog.text


@pytest.mark.parametrize("waits", [True, False])
def test_a_message_that_already_waits_to_go_back_is_not_put_there_twice(waits: bool):
    replies: list[object] = []
    patient = SimpleNamespace(requeueing=SimpleNamespace(ended=not waits), entry=SimpleNamespace(target=1, sender=None))
    patient.entry.actor, patient.entry.number = "/ann", 7
    host: Any = SimpleNamespace(
        quarantine=SimpleNamespace(patients={7: patient}), clock=lambda: 0.0, cell_at=lambda address: None
    )
    asker: Any = SimpleNamespace(ended=False, reply=replies.append, fail=replies.append)
    answer(host, Requeue(7, 5.0, "ann"), asker)
    [reply] = replies
    assert reply is False if waits else isinstance(reply, NotRunning)


def test_of_two_who_want_a_message_back_the_second_hears_that_it_is_on_its_way():
    replies: list[object] = []
    offered: list[Any] = []
    entry = SimpleNamespace(target=1, sender=None, actor="/ann", number=7)
    patient = SimpleNamespace(requeueing=None, entry=entry, message="a message")
    table = SimpleNamespace(find=lambda kind: None)
    cell = SimpleNamespace(blueprint=SimpleNamespace(table=table), accept_send=offered.append)
    host: Any = SimpleNamespace(
        quarantine=SimpleNamespace(patients={7: patient}), clock=lambda: 0.0, cell_at=lambda address: cell
    )
    asker: Any = SimpleNamespace(ended=False, reply=replies.append)
    for _ in range(2):
        answer(host, Requeue(7, 5.0, "ann"), asker)
    assert [it.message for it in offered] == ["a message"]
    assert replies == [False]

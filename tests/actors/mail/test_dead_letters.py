"""What is logged of a dead letter: that it was, of which type, to whom and why; never what it said (A28)."""

import logging

import pytest

from actors import Actor, Message, Overflow, Reason, System, call, receive
from actors.address import Address
from actors.mail.dead_letters import DeadLetters
from actors.mail.mailbox import MailboxOptions

BODY = "the patient's name"


class Finding(Message):
    text: str


class Doctor(Actor):
    mailbox = MailboxOptions(bound=1, overflow=Overflow.DROP_OLDEST)

    @receive
    def finding(self, finding: Finding) -> None:
        """Only to be sent."""

    @call
    def rest(self) -> None:
        self.context.stop()


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Every record as text, with all its fields."""
    return [f"{record.getMessage()} {vars(record)}" for record in caplog.records]


@pytest.mark.parametrize("reason", list(Reason))
def test_no_log_has_the_body_of_a_message_whatever_became_of_it(reason, caplog):
    caplog.set_level(logging.DEBUG)
    letters = DeadLetters(lambda: 0.0, kept=10, logged_per_second=1000.0)
    letters.add(Finding(text=BODY), Address("test", 0, 7), reason)
    [text] = said(caplog)
    assert "Finding" in text
    assert reason.value in text
    assert BODY not in text
    assert letters.recent[0].message == Finding(text=BODY)


def test_nor_has_any_other_log_of_a_system_that_gives_messages_up(caplog):
    caplog.set_level(logging.DEBUG)

    async def main(system: System) -> set[Reason]:
        letters = []
        system.on_dead_letter(letters.append)
        doctor = await system.spawn(Doctor)
        for _ in range(3):
            doctor.tell(Finding(text=BODY))
        await doctor.ask(Doctor.rest())
        await system.stop_actor(doctor)
        doctor.tell(Finding(text=BODY))
        return {letter.reason for letter in letters}

    assert System(on="local").run(main) == {Reason.MAILBOX_FULL, Reason.NOT_RUNNING}
    assert any("dead letter" in text for text in said(caplog))
    assert not [text for text in said(caplog) if BODY in text]

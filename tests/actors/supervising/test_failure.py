"""What an asker hears of a request that got no reply."""

import pytest

from actors.errors import AskError, Expired, Failed, MailboxFull, NotHandled, NotRunning, Overloaded, Stopped
from actors.mail.dead_letters import Reason
from actors.mail.envelope import Envelope, Retried
from actors.supervising.failure import given_up, outcome, packed, refusal, revived
from actors.supervising.signals import Failure

OUTCOMES: dict[Reason, type[AskError]] = {
    Reason.MAILBOX_FULL: MailboxFull,
    Reason.EXPIRED: Expired,
    Reason.STOPPED: Stopped,
    Reason.NOT_HANDLED: NotHandled,
    Reason.NOT_RUNNING: NotRunning,
}
PLANNED = Failure("ValueError", "planned", "its lines")


@pytest.mark.parametrize(("reason", "error"), OUTCOMES.items())
def test_each_reason_has_its_own_outcome_which_names_who_was_asked(reason: Reason, error: type[AskError]) -> None:
    heard = refusal(reason, "The cook")
    assert type(heard) is error
    assert "cook" in str(heard)
    assert type(given_up(Envelope("soup"), reason, "The cook", 1.0)) is error


def test_what_was_shed_may_be_asked_again_after_a_while() -> None:
    heard = given_up(Envelope("soup"), Reason.SHED, "The cook", 2.5)
    assert isinstance(heard, Overloaded)
    assert heard.retry_after == 2.5


@pytest.mark.parametrize("reason", [Reason.STOPPED, Reason.SHED])
def test_a_request_that_failed_before_it_was_given_up_is_told_of_that_failure(reason: Reason) -> None:
    heard = given_up(Retried("soup", attempts=1, failure=PLANNED), reason, "The cook", 1.0)
    assert isinstance(heard, Failed)
    assert (heard.type_name, heard.text, heard.remote_traceback) == ("ValueError", "planned", "its lines")


def test_a_request_that_waits_for_its_first_attempt_has_no_failure_to_tell() -> None:
    assert isinstance(given_up(Retried("soup"), Reason.STOPPED, "The cook", 1.0), Stopped)


def test_an_error_that_came_along_is_itself_again_and_else_its_words_are() -> None:
    error = ValueError("planned")
    assert revived(packed(error)) is error
    words = revived(PLANNED)
    assert isinstance(words, Failed)
    assert words.__cause__ is None
    assert "ValueError: planned" in str(words)


def test_the_error_that_came_along_is_the_cause_of_what_the_asker_hears() -> None:
    error = ValueError("planned")
    assert outcome(packed(error), "The cook").__cause__ is error


def test_a_packed_error_has_its_type_its_text_and_its_lines() -> None:
    try:
        raise KeyError("planned")
    except KeyError as error:
        failure = packed(error)
    assert (failure.type_name, failure.text) == ("KeyError", "'planned'")
    assert "raise KeyError" in failure.traceback

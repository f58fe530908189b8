"""How an ask that got no reply is told so: an exception packed as words and object, and the outcome for each reason."""

import traceback

from actors.errors import AskError, Expired, Failed, MailboxFull, NotHandled, NotRunning, Overloaded, Stopped
from actors.mail.dead_letters import Reason
from actors.mail.envelope import Envelope, Retried
from actors.supervising.signals import Failure


def packed(error: BaseException) -> Failure:
    """The failure that describes the error; the object rides along and is dropped where it cannot be encoded."""
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return Failure(type(error).__qualname__, str(error), text, error)


def revived(failure: Failure) -> BaseException:
    """The error itself where it came along, else a Failed that carries its words."""
    return failure.error if failure.error is not None else outcome(failure, "The actor")


def outcome(failure: Failure, who: str) -> Failed:
    """What the asker hears when the handler raised."""
    failed = Failed(
        f"{who} failed while it handled the request: {failure.type_name}: {failure.text}",
        type_name=failure.type_name,
        text=failure.text,
        remote_traceback=failure.traceback,
    )
    failed.__cause__ = failure.error
    return failed


def given_up(envelope: Envelope, reason: Reason, who: str, patience: float) -> AskError:
    """What the asker hears when the request was given up for this reason, at its first attempt or a later one."""
    if isinstance(envelope, Retried) and envelope.failure is not None:
        return outcome(envelope.failure, who)
    if reason is Reason.SHED:
        text = f"{who} has more to do than it can. The request was not run; ask again in {patience:g} s."
        return Overloaded(text, retry_after=patience)
    return refusal(reason, who)


def refusal(reason: Reason, who: str) -> AskError:
    """What the asker hears when the request was given up for this reason before its turn."""
    match reason:
        case Reason.MAILBOX_FULL:
            return MailboxFull(f"The mailbox of {who} is full. Wait for room with `send`, or ask again later.")
        case Reason.EXPIRED:
            return Expired(f"The deadline passed before {who} came to the request; it was not run.")
        case Reason.STOPPED:
            return Stopped(f"{who} stopped before it came to the request; it was not run.")
        case Reason.NOT_HANDLED:
            return NotHandled(f"{who} has no handler for the request.")
        case _:
            return NotRunning(f"{who} is not running. Get a new ref from its parent.")

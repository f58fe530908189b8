"""What an actor class says about a message that makes it fail: drop it, or try it again some times (rule A39)."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Retry:
    """Try a failing message again, at most `times`; what fails once more then is put into quarantine."""

    times: int

    def __post_init__(self) -> None:
        if self.times < 0:
            message = f"retry({self.times}): give 0 or more; 0 puts a failing message into quarantine at once."
            raise ValueError(message)


def retry(times: int) -> Retry:
    """For `MailboxOptions(on_failure=retry(3))`: a failing message is tried at most three times more."""
    return Retry(times)


OnFailure = Literal["drop"] | Retry

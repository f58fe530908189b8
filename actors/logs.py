"""Events go to standard logging, one line each, with ids as fields of the record and never with a message's content.

Loggers are named `understudy.<part>`. The runtime adds no output of its own: without a handler by the program, events
go nowhere. Only in processes that the runtime itself started does it write to standard error (`to_stderr`).
"""

import logging
from collections.abc import Callable
from typing import TextIO, TypedDict

ROOT = "understudy"
"""The logger above all loggers of the runtime."""

logging.getLogger(ROOT).addHandler(logging.NullHandler())  # a library is silent until a program wants to hear it


class Fields(TypedDict, total=False):
    """The fields that a record of the runtime may carry: ids, names and numbers. There is none for a message's body."""

    system: str
    seat: int
    epoch: int
    peer_seat: int
    peer_epoch: int
    pid: int
    node: str
    target: str
    """The address of the actor that the event is about, as text."""
    sender: str
    actor_class: str
    incarnation: int
    message_type: str
    reason: str
    error_type: str
    count: int
    seconds: float
    bytes: int
    suppressed: int
    """Events like this one that were not logged since the last that was."""


def logger(part: str) -> logging.Logger:
    """The logger `understudy.<part>`, where `part` is the noun of the file that logs, for example `links`."""
    return logging.getLogger(f"{ROOT}.{part}")


def event(
    log: logging.Logger, level: int, text: str, fields: Fields, error: BaseException | None = None, *, up: int = 1
) -> None:
    """Log one event as one line, `text key=value ...`, and the same fields as attributes of the record.

    `text` is a constant; whatever differs from event to event is a field. `error` adds its traceback after the line.
    The record names the caller's line; with `up=2` that of the caller's caller.
    """
    if not log.isEnabledFor(level):
        return
    # The fields are one argument, so that records of one kind share their `msg`, and a percent sign is only a sign.
    tail = " ".join(f"{key}={_one_word(value)}" for key, value in fields.items())
    line = text.replace("%", "%%") + " %s" if tail else "%s"
    log.log(level, line, tail or text, extra=fields, exc_info=error, stacklevel=up + 1)


class RateLimited:
    """Lets at most `per_second` lines a second through (a second's worth at once), and counts what it holds back.

    The next line that passes says how many were suppressed before it, in its text and as the field `suppressed`;
    `flush` says so when no next line comes. `clock` gives seconds and never goes back. With `per_second` 0, nothing
    but the count is ever logged.
    """

    def __init__(self, log: logging.Logger, clock: Callable[[], float], *, per_second: float) -> None:
        self.suppressed = 0
        self._log = log
        self._clock = clock
        self._rate = per_second
        self._most = max(1.0, per_second) if per_second > 0 else 0.0
        self._left = self._most
        self._then = clock()

    def warning(self, text: str, *args: object, extra: Fields | None = None) -> None:
        """Log at WARNING, if the rate allows; `args` are put into `text` as logging does it."""
        self.write(logging.WARNING, text, *args, extra=extra, up=2)

    def write(self, level: int, text: str, *args: object, extra: Fields | None = None, up: int = 1) -> None:
        """Log at `level`, if the rate allows. An event that the logger's level hides is neither logged nor counted."""
        if not self._log.isEnabledFor(level):
            return
        if not self._allowed():
            self.suppressed += 1
            return
        fields: Fields = extra if extra is not None else {}
        if self.suppressed:
            text += " (%d more suppressed)"
            args = (*args, self.suppressed)
            fields = {**fields, "suppressed": self.suppressed}
            self.suppressed = 0
        self._log.log(level, text, *args, extra=fields, stacklevel=up + 1)

    def flush(self, level: int = logging.WARNING) -> None:
        """Log how many events were suppressed and not yet told, whatever the rate; for the end of a host's life."""
        if self.suppressed:
            fields: Fields = {"suppressed": self.suppressed}
            self._log.log(level, "%d more suppressed", self.suppressed, extra=fields, stacklevel=2)
            self.suppressed = 0

    def _allowed(self) -> bool:
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._then) * self._rate)
        self._then = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


def to_stderr(level: str, host: str, stream: TextIO | None = None) -> logging.Handler:
    """Write the runtime's events of this process to standard error (or `stream`), each line naming the host.

    For processes that the runtime started. Returns the handler; `logging.getLogger(ROOT).removeHandler` ends it.
    """
    handler = logging.StreamHandler(stream)
    # The host's name is data: a percent sign in it must not be taken for a field of the record.
    handler.setFormatter(
        logging.Formatter(f"%(asctime)s %(levelname)s {host.replace('%', '%%')} %(name)s: %(message)s")
    )
    root = logging.getLogger(ROOT)
    root.addHandler(handler)
    root.setLevel(level)
    return handler


def _one_word(value: object) -> str:
    """The value as text without spaces or line breaks: whoever chose it cannot forge a second line or field."""
    text = str(value)
    return text if text.isprintable() and " " not in text and text else repr(text)

"""SIGTERM ends a program in order though Ray has put a handler in the place of Python's, which would abort it."""

import signal
import threading
from collections.abc import Callable
from types import FrameType


def take_sigterm_back() -> Callable[[], object]:
    """Put Python's handler back in the place of Ray's; returns what undoes that.

    Setting any handler from Python takes out the one that `ray.init` has set in C. Where the program has none, SIGTERM
    ends it in order from now on. Only the main thread can do this, and a system that is opened elsewhere is not asked.
    """
    if threading.current_thread() is not threading.main_thread():
        return nothing
    former = signal.getsignal(signal.SIGTERM)
    if former is None:  # set by something that is not Python
        return nothing
    if former is not signal.SIG_DFL:
        signal.signal(signal.SIGTERM, former)
        return nothing
    signal.signal(signal.SIGTERM, _exit)

    def give_back() -> None:
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is _exit:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    return give_back


def nothing() -> None:
    """Nothing was done that could be undone."""


def _exit(number: int, frame: FrameType | None) -> None:
    del frame
    raise SystemExit(128 + number)

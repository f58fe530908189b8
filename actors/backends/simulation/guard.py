"""Refuses simulated actors what no seed decides: the real clock, the global random numbers, threads of their own.

While a world runs, functions of `time`, `random`, `uuid`, `os`, `secrets` and `threading` ask whether it is an actor's
own code that calls them. What the standard library and this runtime need for themselves passes. Not seen: functions
that were imported by name (`from time import time`), `datetime.now()`, sockets and files, and C code.
"""

import os
import random
import secrets
import sys
import threading
import time
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache, wraps
from types import FrameType
from typing import Any

from actors.errors import Fenced, NotDeterministic
from actors.mail.activity import running

TRUSTED = sys.stdlib_module_names | {"actors", "cloudpickle"}
"""Packages that may: they do not let what they learn decide what an actor does. (cloudpickle gives each class that it
sends by value an identity by chance, by which the receiver knows it again.)"""

CLOCK = "Use `self.context.now()`, and `asyncio.sleep` to wait."
CHANCE = "Use `self.context.random`."
THREADS = "Declare the handler as blocking: `@call(blocking=True)`."

GUARDED: tuple[tuple[Any, tuple[str, ...], str], ...] = (
    (time, ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep"), CLOCK),
    (
        random,
        ("random", "uniform", "randint", "randrange", "choice", "choices", "sample", "shuffle", "getrandbits", "gauss"),
        CHANCE,
    ),
    (uuid, ("uuid1", "uuid4"), CHANCE),
    (os, ("urandom",), CHANCE),
    (secrets, ("token_bytes", "token_hex", "token_urlsafe", "randbelow", "choice"), CHANCE),
    (threading.Thread, ("start",), THREADS),
)


@contextmanager
def guarded() -> Generator[None]:
    """Refuse, as long as this lasts."""
    before: list[tuple[Any, str, Any]] = []
    for owner, names, instead in GUARDED:
        for name in names:
            real = getattr(owner, name)
            before.append((owner, name, real))
            setattr(owner, name, _asking(real, f"{owner.__name__}.{name}", instead))
    try:
        yield
    finally:
        for owner, name, real in before:
            setattr(owner, name, real)


@cache
def _asking(real: Callable[..., Any], name: str, instead: str) -> Callable[..., Any]:
    @wraps(real)
    def asked(*arguments: Any, **options: Any) -> Any:
        caller = sys._getframe(1)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - whose code it is, is the point
        if _module(caller).partition(".")[0] not in TRUSTED and _in_an_actor() and not _logs(caller):
            text = f"An actor of a simulation called {name}, which no seed decides. {instead}"
            raise NotDeterministic(text)
        return real(*arguments, **options)

    return asked


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _logs(caller: FrameType) -> bool:
    """Whether this is part of logging something, for which libraries put in factories and handlers of their own."""
    frame: FrameType | None = caller
    while frame is not None and _module(frame) != "logging":
        frame = frame.f_back
    return frame is not None


def _in_an_actor() -> bool:
    try:
        return running.get().cell is not None
    except Fenced:
        return True

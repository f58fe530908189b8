"""Refuses simulated actors what no seed decides: the real clock, the global random numbers, threads of their own.

While a world runs, functions of `time`, `random`, `uuid`, `os`, `secrets` and `threading` ask whether it is an actor's
own code that calls them. What the standard library and this runtime need for themselves passes, but for threads, which
an executor of the standard library starts for whoever uses it. Not seen: functions that were imported by name (`from
time import time`), `datetime.now()`, sockets and files, other processes, and C code.
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
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Guarded:
    """Functions of one module or class that an actor may not call, and what it should use instead."""

    owner: Any
    names: tuple[str, ...]
    instead: str
    unless: int | None = None
    """The position of an argument with which they may be called: a time to show, a seed."""
    through: frozenset[str] = frozenset()
    """Modules that call them on behalf of others: whoever called these is asked about."""


DISTRIBUTIONS = (
    "betavariate", "binomialvariate", "expovariate", "gammavariate", "gauss", "lognormvariate", "normalvariate",
    "paretovariate", "triangular", "uniform", "vonmisesvariate", "weibullvariate",
)  # fmt: skip

GUARDED = (
    Guarded(
        time,
        (
            "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time",
            "process_time_ns", "thread_time", "thread_time_ns", "clock_gettime", "clock_gettime_ns", "sleep",
        ),
        CLOCK,
    ),
    Guarded(time, ("localtime", "gmtime", "ctime", "asctime"), CLOCK, unless=0),
    Guarded(time, ("strftime",), CLOCK, unless=1),
    Guarded(
        random,
        (
            "random", "randint", "randrange", "randbytes", "choice", "choices", "sample", "shuffle", "getrandbits",
            "seed", "getstate", "setstate", *DISTRIBUTIONS,
        ),
        CHANCE,
    ),
    Guarded(random.Random, ("seed",), CHANCE, unless=1, through=frozenset({"random"})),
    Guarded(random.SystemRandom, ("random", "getrandbits", "randbytes"), CHANCE, through=frozenset({"random"})),
    Guarded(uuid, ("uuid1", "uuid4"), CHANCE),
    Guarded(os, ("urandom", "getrandom"), CHANCE),
    Guarded(secrets, ("token_bytes", "token_hex", "token_urlsafe", "randbelow", "randbits", "choice"), CHANCE),
    Guarded(threading.Thread, ("start",), THREADS, through=sys.stdlib_module_names),
)  # fmt: skip


@contextmanager
def guarded() -> Generator[None]:
    """Refuse, as long as this lasts."""
    before: list[tuple[Any, str, Any]] = []
    for group in GUARDED:
        for name in group.names:
            real = getattr(group.owner, name, None)
            if real is not None:  # not every platform and version has all
                before.append((group.owner, name, real))
                setattr(group.owner, name, _asking(real, name, group))
    try:
        yield
    finally:
        for owner, name, real in before:
            setattr(owner, name, real)


@cache
def _asking(real: Callable[..., Any], name: str, group: Guarded) -> Callable[..., Any]:
    called, unless = f"{group.owner.__name__}.{name}", group.unless

    @wraps(real)
    def asked(*arguments: Any, **options: Any) -> Any:
        given = unless is not None and (any(it is not None for it in arguments[unless:]) or bool(options))
        caller = sys._getframe(1)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - whose code it is, is the point
        if not given and _in_an_actor() and not _may(caller, group.through):
            text = f"An actor of a simulation called {called}, which no seed decides. {group.instead}"
            raise NotDeterministic(text)
        return real(*arguments, **options)

    return asked


def _may(caller: FrameType | None, through: frozenset[str]) -> bool:
    """Whether this is trusted code, or logs something: libraries put factories and handlers of their own into that."""
    asks = caller
    while asks is not None and _package(asks) in through:
        asks = asks.f_back
    return asks is None or _package(asks) in TRUSTED or _logs(caller)


def _package(frame: FrameType) -> str:
    return _module(frame).partition(".")[0]


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _logs(caller: FrameType | None) -> bool:
    """Whether this is part of logging something."""
    frame = caller
    while frame is not None and _module(frame) != "logging":
        frame = frame.f_back
    return frame is not None


def _in_an_actor() -> bool:
    try:
        return running.get().cell is not None
    except Fenced:
        return True

"""A trial runs tests against one mistake, in a fork of a process that has loaded all tests and has run none.

At first each test runs once without a mistake, and is asked which statements it reaches. A mistake is tried by those
tests alone that reach its statement, the quickest first, until one fails. A busy machine may fail a test as well: so it
is asked once more, and only what it sees twice counts.
"""

import gc
import os
import pickle
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from typing import Any, Literal, cast

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.mutation.mutants import Mutant
from tests.mutation.planting import Ground

Outcome = Literal["killed", "timed out", "survived", "not reached"]
BUSY = 2.0
"""How many times as much of a processor as without a mistake a test may take; that hardly depends on the load."""
ROOM = 6.0
"""How many times as long it may take by the clock, which depends on the load."""
BUSY_MORE, ROOM_MORE = 2.0, 8.0
"""Seconds on top of that."""
# Nobody reads why a mutant fails: no rewritten asserts, no smallest example.
PYTEST = ["-x", "-s", "-p", "no:cacheprovider", "-p", "no:terminal", "--assert=plain", "--hypothesis-profile=mutation"]
settings.register_profile(
    "mutation",
    phases=[Phase.explicit, Phase.generate],
    database=None,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)


@dataclass(frozen=True, slots=True)
class Visit:
    """One test without a mistake."""

    item: pytest.Item
    seconds: float
    busy: float
    """Seconds of a processor."""
    reached: frozenset[tuple[Path, int]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one mistake."""

    outcome: Outcome
    test: str = ""
    """Which has seen it."""
    reach_it: int = 0
    """How many tests reach its statement."""


class Trials:
    """A plugin of pytest, which lets it find the tests and calls `judge` instead of running them."""

    def __init__(self, files: Sequence[Path], judge: Callable[["Trials"], None]) -> None:
        self._files = files
        self._judge = judge
        self._log: RawIOBase | None = None
        """Where a fork says what it does."""
        self.visits: dict[str, Visit] = {}

    def run(self, tests: Sequence[str]) -> None:
        """Load these tests, as pytest's arguments name them, and judge."""
        sys.dont_write_bytecode = True
        pytest.main([*PYTEST, *tests], plugins=[self])

    def attempt(self, file: Path, mutant: Mutant) -> Verdict:
        """Whether any test sees this mistake."""
        place, ground = (file, mutant.line), self._grounds[file]
        visits = sorted((it for it in self.visits.values() if place in it.reached), key=lambda visit: visit.seconds)
        items = [visit.item for visit in visits]
        outcome: Outcome = "survived" if items else "not reached"
        while items:
            outcome, at = self._try(items, ground, mutant)
            if outcome == "survived":
                break
            if self._try([items[at]], ground, mutant)[0] != "survived":
                return Verdict(outcome, items[at].nodeid, len(visits))
            outcome, items = "survived", items[at + 1 :]
        return Verdict(outcome, reach_it=len(visits))

    def _try(self, items: list[pytest.Item], ground: Ground, mutant: Mutant) -> tuple[Outcome, int]:
        """How that ended, and with which of the tests."""
        status, said = self._fork(items, lambda: ground.plant(mutant.source))
        at = sum(what == "begins" for what, *_ in said) - 1
        if status in (-signal.SIGALRM, -signal.SIGPROF):
            return "timed out", at
        if at < 0:
            raise RuntimeError(f"The trial of {ground.file}, {mutant}, ended before its first test: {status}.")
        return ("killed" if status else "survived"), at

    def _survey(self, items: list[pytest.Item]) -> None:
        """Run each test without a mistake. What fails even so is left out."""

        def prepare() -> None:
            for ground in self._grounds.values():
                ground.watch()

        while items:
            status, said = self._fork(items, prepare)
            ended: list[Any] = [facts for what, *facts in said if what == "ended"]
            for item, facts in zip(items, ended, strict=False):
                self.visits[item.nodeid] = Visit(item, *facts)
            if not status:
                break
            begun = sum(what == "begins" for what, *_ in said)
            print(f"  fails without any mistake, and is left out: {items[begun - 1].nodeid}", flush=True)
            self.visits.pop(items[begun - 1].nodeid, None)
            items = items[begun:]

    # ---- forks ------------------------------------------------------------------------------------------------------

    def _fork(self, items: list[pytest.Item], prepare: Callable[[], None]) -> tuple[int, list[tuple[Any, ...]]]:
        """Run these tests, until one fails, in a fork that has prepared itself: its status, and what it said."""
        with tempfile.TemporaryFile(buffering=0) as log:
            pid = os.fork()
            if not pid:
                self._log = cast("RawIOBase", log)
                self._in_fork(items, prepare)
            try:
                os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            finally:
                os.killpg(pid, signal.SIGKILL)  # and what the tests have left
                status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            said: list[tuple[Any, ...]] = []
            log.seek(0)
            with open(log.fileno(), "rb", closefd=False) as written:
                try:
                    while True:
                        said.append(pickle.load(written))
                except (EOFError, pickle.UnpicklingError):
                    return status, said

    def _in_fork(self, items: list[pytest.Item], prepare: Callable[[], None]) -> None:
        code = 70
        try:
            os.setpgid(0, 0)
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in range(3):
                os.dup2(nowhere, stream)
            prepare()
            self._session.items = items
            self._session.config.hook.pytest_runtestloop(session=self._session)
            code = int(self._session.testsfailed > 0)
        except BaseException:
            code = 1
        finally:
            os._exit(code)

    def _say(self, *what: object) -> None:
        assert self._log is not None
        self._log.write(pickle.dumps(what))

    # ---- what pytest calls ------------------------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Judge; within forks pytest runs the tests."""
        if self._log is not None:
            return None
        if session.testsfailed:
            sys.exit("The tests cannot be loaded.")
        self._session = session
        self._grounds = {file: Ground(file) for file in self._files}
        gc.collect()
        gc.freeze()
        self._survey(list(session.items))
        self._judge(self)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Say when a test begins, and what it has reached; its time is limited as soon as it is known."""
        visit = self.visits.get(item.nodeid)
        if visit is not None:
            signal.setitimer(signal.ITIMER_REAL, ROOM * visit.seconds + ROOM_MORE)
            signal.setitimer(signal.ITIMER_PROF, BUSY * visit.busy + BUSY_MORE)
        for ground in self._grounds.values():
            ground.reached.clear()
        self._say("begins")
        began, busy = time.monotonic(), time.process_time()
        result = yield
        reached = frozenset((file, line) for file, it in self._grounds.items() for line in list(it.reached))
        self._say("ended", time.monotonic() - began, time.process_time() - busy, reached)
        return result

"""A trial runs tests against one mistake, in a fork of a process that has loaded all tests and has run none.

At first each test runs once without a mistake, and is asked which statements it reaches. A mistake is tried by those
tests alone that reach its statement, the quickest first, until one fails. A busy machine may fail a test as well: so it
is asked once more, and only what it sees twice counts.
"""

import gc
import mmap
import os
import pickle
import select
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
BUSY, BUSY_MORE = 2.0, 2.0
"""How many times as much of a processor as without a mistake a test may take, and seconds on top of that."""
ASLEEP, ASLEEP_MORE = 3.0, 4.0
"""The same for the time in which none of its threads wants one. Neither depends on what else the machine does."""
LOOK = 0.02
"""Seconds between two looks at whether a fork sleeps."""
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
    asleep: float
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
        self._begun = mmap.mmap(-1, 4)
        """How many tests it has begun."""
        self.visits: dict[str, Visit] = {}

    def run(self, tests: Sequence[str]) -> None:
        """Load these tests, as pytest's arguments name them, and judge."""
        sys.dont_write_bytecode = True
        pytest.main([*PYTEST, *tests], plugins=[self])

    def attempt(self, file: Path, mutant: Mutant) -> Verdict:
        """Whether any test sees this mistake."""
        place, ground = (file, mutant.line), self._grounds[file]
        visits = sorted((it for it in self.visits.values() if place in it.reached), key=lambda it: it.asleep + it.busy)
        items = [visit.item for visit in visits]
        outcome: Outcome = "survived" if items else "not reached"
        while items:
            outcome, at = self._try(items, ground, mutant)
            if outcome == "survived":
                break
            if outcome == "timed out" or self._try([items[at]], ground, mutant)[0] != "survived":
                return Verdict(outcome, items[at].nodeid, len(visits))
            outcome, items = "survived", items[at + 1 :]
        return Verdict(outcome, reach_it=len(visits))

    def _try(self, items: list[pytest.Item], ground: Ground, mutant: Mutant) -> tuple[Outcome, int]:
        """How that ended, and with which of the tests."""
        status, _, slept = self._fork(items, lambda: ground.plant(mutant.source))
        at = len(slept) - 1
        if status in (-signal.SIGPROF, -signal.SIGALRM):
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
            status, said, slept = self._fork(items, prepare)
            for item, asleep, facts in zip(items, slept, said, strict=False):
                self.visits[item.nodeid] = Visit(item, asleep, *facts)
            if not status:
                break
            bad = items[len(slept) - 1].nodeid
            print(f"  fails without any mistake, and is left out: {bad}", flush=True)
            self.visits.pop(bad, None)
            items = items[len(slept) :]

    # ---- forks ------------------------------------------------------------------------------------------------------

    def _fork(
        self, items: list[pytest.Item], prepare: Callable[[], None]
    ) -> tuple[int, list[tuple[Any, ...]], list[float]]:
        """Run these tests, until one fails, in a fork that has prepared itself.

        Its status, what it said of each test that it ended, and the seconds in which it slept in each that it began.
        """
        with tempfile.TemporaryFile(buffering=0) as log:
            self._begun[:] = bytes(4)
            pid = os.fork()
            if not pid:
                self._log = cast("RawIOBase", log)
                self._in_fork(items, prepare)
            try:
                slept = self._watch(pid, items)
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
                    return status, said, slept

    def _watch(self, pid: int, items: list[pytest.Item]) -> list[float]:
        """Until it ends, or is made to, since it has slept for too long."""
        slept: list[float] = []
        descriptor = os.pidfd_open(pid)
        try:
            while not select.select([descriptor], [], [], LOOK)[0]:
                self._has_begun(slept)
                if slept and sleeps(pid):
                    slept[-1] += LOOK
                    visit = self.visits.get(items[len(slept) - 1].nodeid)
                    if visit is not None and slept[-1] > ASLEEP * visit.asleep + ASLEEP_MORE:
                        os.kill(pid, signal.SIGALRM)
                        select.select([descriptor], [], [])
                        break
        finally:
            os.close(descriptor)
        self._has_begun(slept)
        return slept

    def _has_begun(self, slept: list[float]) -> None:
        slept += [0.0] * (int.from_bytes(self._begun[:], "big") - len(slept))

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
        """Say what a test has reached and taken; its time is limited as soon as it is known."""
        assert self._log is not None
        self._begun[:] = (int.from_bytes(self._begun[:], "big") + 1).to_bytes(4, "big")
        visit = self.visits.get(item.nodeid)
        if visit is not None:
            signal.setitimer(signal.ITIMER_PROF, BUSY * visit.busy + BUSY_MORE)
        for ground in self._grounds.values():
            ground.reached.clear()
        busy = time.process_time()
        result = yield
        reached = frozenset((file, line) for file, it in self._grounds.items() for line in list(it.reached))
        self._log.write(pickle.dumps((time.process_time() - busy, reached)))
        return result


def sleeps(pid: int) -> bool:
    """Whether no thread of the process wants a processor now."""
    try:
        stats = [(task / "stat").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:  # one has just ended
        return False
    return all(stat.rpartition(")")[2].split()[0] == "S" for stat in stats)

"""Mutants are real mistakes, and a trial tells those that tests see from those that they do not."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation.mutants import mutants

ROOT = Path(__file__).parents[2]

SOURCE = '''
"""A file."""

from typing import Protocol


class Shape(Protocol):
    def area(self) -> float:
        """Of a protocol nothing is changed."""
        ...


class Gauge:
    __slots__ = ("level",)

    def raised(self, by: int) -> int:
        """What is said is not changed."""
        if by < 0 or self.level is None:
            raise ValueError(by)
        self.level += by
        self.seen.append(by)
        log.info("raised", exc_info=by if by else None)
        return self.level if by else 0
'''

FOUND = [
    "condition negated: if by < 0 or self.level is None:",
    "without `by < 0`: if by < 0 or self.level is None:",
    "without `self.level is None`: if by < 0 or self.level is None:",
    "Lt is LtE: if by < 0 or self.level is None:",
    "Is is IsNot: if by < 0 or self.level is None:",
    "deleted: raise ValueError(by)",
    "deleted: self.level += by",
    "swapped with the next: self.level += by",
    "deleted: self.seen.append(by)",
    "deleted: return self.level if by else 0",
    "condition negated: return self.level if by else 0",
]


def test_every_statement_and_condition_of_a_function_has_its_mistakes_and_nothing_else_has():
    assert sorted(f"{it.kind}: {it.text}" for it in mutants(SOURCE)) == sorted(FOUND)


def test_each_mutant_is_another_source_that_compiles_and_leaves_the_next_one_clean():
    found = [it.source for it in mutants(SOURCE)]
    assert len(set(found)) == len(found)
    for source in found:
        compile(source, "mutant", "exec")
    assert [it.source for it in mutants(SOURCE)] == found


TESTS = """
import pytest
from subject import Gauge, twice, wait, never

def test_twice():
    assert twice(2) == 4

def test_wait():
    wait(0)

def test_gauge():
    gauge = Gauge()
    assert gauge.read() == 5
    assert gauge.level == 5

def test_that_fails_by_itself():
    assert not twice(2)
"""
SUBJECT = """
import time

def twice(number):
    return number * 2

def wait(seconds):
    while seconds > 0:
        pass

class Level:
    def read(self):
        return 5

class Gauge(Level):
    def read(self):
        return super().read()

    @property
    def level(self):
        it = self.read()
        return it

    @level.setter
    def level(self, value):
        raise ValueError(value)

def never():
    return 1
"""
ATTEMPT = """
from pathlib import Path
from tests.mutation import trial
from tests.mutation.mutants import Mutant

trial.BUSY_MORE, trial.ASLEEP_MORE = {busy}, {asleep}
subject = Path("subject.py")

def judge(trials):
    source = subject.read_text().replace({old!r}, {new!r})
    print(trials.attempt(subject, Mutant({line}, "", "", source)))

trial.Trials([subject], judge).run(["test_subject.py"])
"""


def verdict(folder: Path, line: int, old: str, new: str, busy: float = 10.0, asleep: float = 60.0) -> list[str]:
    (folder / "subject.py").write_text(SUBJECT, encoding="utf-8")
    (folder / "test_subject.py").write_text(TESTS, encoding="utf-8")
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n" + ATTEMPT.format(
        line=line, old=old, new=new, busy=busy, asleep=asleep
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (folder / "subject.py").read_text(encoding="utf-8") == SUBJECT
    assert "left out: test_subject.py::test_that_fails_by_itself" in done.stdout, done.stderr
    return done.stdout.splitlines()[1:]


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
@pytest.mark.parametrize(
    ("line", "old", "new", "found"),
    [
        (5, "", "", ("survived", "", 1)),
        (5, "number * 2", "number * 3", ("killed", "test_subject.py::test_twice", 1)),
        (5, "number * 2", "number + 2", ("survived", "", 1)),
        (17, "return super().read()", "pass", ("killed", "test_subject.py::test_gauge", 1)),
        (22, "return it", "return 6", ("killed", "test_subject.py::test_gauge", 1)),
        (29, "return 1", "return 2", ("not reached", "", 0)),
    ],
)
def test_a_trial_says_whether_the_tests_that_get_there_see_the_mistake(tmp_path, line, old, new, found):
    outcome, test, reach_it = found
    [said] = verdict(tmp_path, line, old, new)
    assert said == f"Verdict(outcome={outcome!r}, test={test!r}, reach_it={reach_it})"


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
@pytest.mark.parametrize(
    ("new", "limit"), [("while True: pass", {"busy": 1.0}), ("while True: time.sleep(9)", {"asleep": 1.0})]
)
def test_a_mistake_that_makes_a_test_hang_ends_with_its_time_asleep_or_its_share_of_a_processor(tmp_path, new, limit):
    [said] = verdict(tmp_path, 8, "while seconds > 0:\n        pass", new, **limit)
    assert said == "Verdict(outcome='timed out', test='test_subject.py::test_wait', reach_it=1)"

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
        log.info("raised")
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
from subject import wait, twice

def test_it():
    assert twice(2) == 4
    wait(0)
"""
SUBJECT = """
def twice(number):
    return number * 2

def wait(seconds):
    while seconds > 0:
        pass
"""
ATTEMPT = """
from pathlib import Path
from tests.mutation.trial import attempt
subject = Path("subject.py")
print(attempt(subject, subject.read_text().replace({old!r}, {new!r}), ["test_subject.py"], 20.0)[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
@pytest.mark.parametrize(
    ("old", "new", "outcome"),
    [
        ("", "", "survived"),
        ("number * 2", "number * 3", "killed"),
        ("number * 2", "number + 2", "survived"),
        ("def wait", "def weight", "killed"),
    ],
)
def test_a_trial_says_whether_the_tests_see_the_mistake(tmp_path, old, new, outcome):
    (tmp_path / "subject.py").write_text(SUBJECT, encoding="utf-8")
    (tmp_path / "test_subject.py").write_text(TESTS, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n" + ATTEMPT.format(old=old, new=new)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split("\n")[0] == outcome, done.stderr
    assert (tmp_path / "subject.py").read_text(encoding="utf-8") == SUBJECT


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
@pytest.mark.parametrize("bounds", ["3.0", "60.0, 1.0"])
def test_a_mistake_that_makes_the_tests_hang_ends_with_its_patience_or_its_share_of_a_processor(tmp_path, bounds):
    (tmp_path / "subject.py").write_text(SUBJECT, encoding="utf-8")
    (tmp_path / "test_subject.py").write_text(TESTS, encoding="utf-8")
    program = ATTEMPT.format(old="> 0", new=">= 0").replace("20.0", bounds)
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n" + program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "timed out\n", done.stderr

"""The page of promises is true to the source: its tests exist, each rule stands there once, its tables are complete."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import actors
from actors import AskError, Reason

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "actors" / "PROMISES.md").read_text(encoding="utf-8")
RULES = [f"A{number}" for number in range(1, 48)]
HOLDS, LEFT = "What holds", "Not yet true"
DUE = [f"A{number}" for number in (*range(1, 6), *range(22, 38), *range(39, 45), 46, 47)]
"""Rules that the runtime on Ray cannot do without."""

TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")
ENTRY = re.compile(r"^\*\*(A\d+)\*\* ", re.MULTILINE)
NAMED = sorted(set(TEST.findall(PAGE)))


def section(title: str) -> str:
    """The text under a heading of the second level."""
    _, _, rest = PAGE.partition(f"\n## {title}\n")
    return rest.partition("\n## ")[0]


def entries(title: str) -> dict[str, str]:
    """The rules that stand in a section, each with what is said of it."""
    _, *parts = ENTRY.split(section(title))
    return dict(zip(parts[::2], parts[1::2], strict=True))


def first_column(title: str) -> list[str]:
    """What a section's table lists."""
    return re.findall(r"^\| `(\w+)` \|", section(title), re.MULTILINE)


@cache
def functions_of(file: str) -> frozenset[str]:
    """The test functions that a file has."""
    path = ROOT / file
    if not path.exists():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(it.name for it in tree.body if isinstance(it, ast.FunctionDef) and it.name.startswith("test_"))


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[f"{Path(file).stem}-{name}" for file, name in NAMED])
def test_a_test_that_the_page_names_exists(file, name):
    assert name in functions_of(file)


def test_every_mention_of_a_test_has_its_file():
    assert len(TEST.findall(PAGE)) == PAGE.count("::test_")


def test_every_rule_stands_once_as_true_or_not_yet_true():
    assert sorted(ENTRY.findall(PAGE), key=RULES.index) == RULES
    assert sorted([*entries(HOLDS), *entries(LEFT)], key=RULES.index) == RULES


def test_every_rule_that_holds_names_a_test():
    assert not [rule for rule, text in entries(HOLDS).items() if not TEST.search(text)]


def test_what_this_runtime_is_built_for_holds():
    assert set(DUE) <= set(entries(HOLDS))


def test_the_parts_that_are_left_are_parts_of_rules_that_hold():
    _, _, parts = section(LEFT).partition("Parts of rules")
    named = set(re.findall(r"A\d+", parts))
    assert named
    assert named <= set(entries(HOLDS))
    assert not [rule for rule in named if "*Missing:*" not in entries(HOLDS)[rule]]


def test_the_outcomes_of_an_ask_are_those_of_the_source():
    outcomes = {
        name: thing
        for name, thing in vars(actors).items()
        if isinstance(thing, type) and issubclass(thing, AskError) and thing is not AskError
    }
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", section("How an ask ends"), re.MULTILINE)
    assert dict(rows) == {name: kind.default for name, kind in outcomes.items()}
    assert len(rows) == len(outcomes)
    assert {kind.__name__ for kind in actors.OUTCOMES} == set(outcomes)


def test_the_reasons_of_dead_letters_are_those_of_the_source():
    assert first_column("Why a message is a dead letter") == [reason.value for reason in Reason]

"""pyright and mypy, both strict, see every planted mistake and find nothing in programs that are right."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FILES = ["mistakes.py", "correct.py"]

Found = dict[str, dict[int, str]]
"""File name → line → what the checker says there."""


def run(*command: str) -> str:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stdout + done.stderr  # 1: there are errors in the files
    return done.stdout


def by_pyright(files: list[str]) -> Found:
    found: Found = {name: {} for name in FILES}
    output = run("pyright", "--pythonpath", sys.executable, "--outputjson", *files)
    for it in json.loads(output)["generalDiagnostics"]:
        found[Path(it["file"]).name][it["range"]["start"]["line"] + 1] = it["message"]
    return found


def by_mypy(files: list[str]) -> Found:
    found: Found = {name: {} for name in FILES}
    for line in run(
        "mypy", "--strict", "--no-pretty", "--no-error-summary", "--hide-error-context", *files
    ).splitlines():
        parts = re.fullmatch(r"(.+?):(\d+): error: (.*)", line)
        if parts:
            found[Path(parts[1]).name][int(parts[2])] = parts[3]
    return found


@pytest.fixture(scope="module", params=[by_pyright, by_mypy], ids=["pyright", "mypy"])
def found(request: pytest.FixtureRequest) -> Found:
    return request.param([str((HERE / name).relative_to(ROOT)) for name in FILES])


def test_every_planted_mistake_is_seen_and_nothing_else(found: Found) -> None:
    lines = (HERE / "mistakes.py").read_text().splitlines()
    planted = {number: line.strip() for number, line in enumerate(lines, 1) if line.endswith("# expect-error")}
    seen = found["mistakes.py"]
    unseen = {number: line for number, line in planted.items() if number not in seen}
    more = {number: text for number, text in seen.items() if number not in planted}
    assert not unseen
    assert not more


def test_programs_that_are_right_are_clean(found: Found) -> None:
    assert not found["correct.py"]

"""The page names tests that exist."""

import re
from pathlib import Path

HERE = Path(__file__).parent
NAME = re.compile(r"`(test_\w+)`")


def test_every_check_names_tests_that_exist():
    page = (HERE / "README.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if re.match(r"\| \d+ \|", line)]
    assert [int(row.split("|")[1]) for row in rows] == list(range(1, 21))
    source = "".join(file.read_text(encoding="utf-8") for file in (HERE.parent).rglob("test_*.py"))
    missing = [name for row in rows for name in NAME.findall(row) if f"def {name}(" not in source]
    assert not missing
    assert all("test" in row for row in rows)

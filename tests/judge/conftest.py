"""The judge is built once a run; where that cannot be, what needs it is skipped with a word, and fails on CI."""

import pytest

from tests.judge.judge import Judge, NoJudge, build
from tests.judge.written import Written


@pytest.fixture(scope="session")
def judge() -> Judge:
    """The judge of histories."""
    try:
        return build()
    except NoJudge as missing:
        pytest.skip(str(missing))


@pytest.fixture
def written(tmp_path) -> Written:
    """A history to be written by hand."""
    return Written(tmp_path / "history.jsonl")

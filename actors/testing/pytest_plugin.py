"""For pytest: a fixture `explore` whose seeds the command line decides, and one line that runs a failure again.

Switch it on with `pytest_plugins = ["actors.testing.pytest_plugin"]` in the topmost conftest.py.

    def test_transfers(explore):
        explore(transfers, seeds=range(200))

    pytest --seeds 10000                    more of them
    pytest "...::test_transfers" --seed 17 --faults '[]'        exactly this one, as a failure says
"""

from collections.abc import Callable, Generator, Iterable
from functools import wraps
from shlex import quote
from typing import Any

import pytest

from actors.backends.simulation.faults import plan_as_text, plan_from_text
from actors.testing.simulation import Exploration, SeedFailed
from actors.testing.simulation import explore as explore_all

NOT_QUOTED = frozenset('"$`\\!')
"""Characters of a test's name that mean something to a shell within double quotes."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """See pytest."""
    group = parser.getgroup("understudy", "simulations of actors")
    group.addoption("--seed", type=int, default=None, help="run this one seed instead of those of the test")
    group.addoption("--seeds", type=int, default=None, help="run so many seeds instead of those of the test")
    group.addoption("--faults", default=None, metavar="JSON", help="these faults instead of each seed's own")


@pytest.fixture
def explore(request: pytest.FixtureRequest) -> Callable[..., Exploration]:
    """As the function `actors.testing.explore`, with the seeds of the command line if there are any."""
    seed, count, text = (request.config.getoption(name) for name in ("--seed", "--seeds", "--faults"))

    @wraps(explore_all)
    def explored(main: Any, *seeds: Iterable[int], **options: Any) -> Exploration:
        if seed is not None:
            seeds, options["seeds"] = (), [seed]
        elif count is not None:
            seeds, options["seeds"] = (), range(count)
        if text is not None:
            options["faults"] = plan_from_text(text)
        return explore_all(main, *seeds, **options)

    return explored


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say how to run a failure again."""
    report = yield
    error = call.excinfo.value if call.excinfo is not None else None
    if isinstance(error, SeedFailed):
        faults = plan_as_text(error.run.faults)
        test = quote(item.nodeid) if set(item.nodeid) & NOT_QUOTED else f'"{item.nodeid}"'
        line = f"pytest {test} --seed {error.run.seed} --faults '{faults}'    # history {error.run.hash}"
        report.sections.append(("Replay", line))
    return report

"""For pytest: a fixture `explore` whose seeds the command line decides, and one line that runs a failure again.

Switch it on with `pytest_plugins = ["actors.testing.pytest_plugin"]` in the topmost conftest.py.

    def test_transfers(explore):
        explore(transfers, seeds=range(200))

    pytest --seeds 10000                    more of them
    pytest "...::test_transfers" --seed 17 --faults '[]'        exactly this one, as a failure says
"""

from collections.abc import Callable, Generator
from typing import Any

import pytest

from actors.backends.simulation.faults import plan_as_text, plan_from_text
from actors.testing.simulation import SeedFailed, run_once
from actors.testing.simulation import explore as explore_all


def pytest_addoption(parser: pytest.Parser) -> None:
    """See pytest."""
    group = parser.getgroup("understudy", "simulations of actors")
    group.addoption("--seed", type=int, default=None, help="run this one seed instead of those of the test")
    group.addoption("--seeds", type=int, default=None, help="run so many seeds instead of those of the test")
    group.addoption("--faults", default=None, metavar="JSON", help="with --seed: these faults instead of the seed's")


@pytest.fixture
def explore(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """`actors.testing.explore`, with the seeds of the command line if there are any."""
    seed, seeds, text = (request.config.getoption(name) for name in ("--seed", "--seeds", "--faults"))

    def explored(main: Any, **options: Any) -> Any:
        if seed is None and seeds is not None:
            options["seeds"] = range(seeds)
        elif seed is not None:
            options["seeds"] = [seed]
        if seed is None or text is None:
            return explore_all(main, **options)
        rest = {name: value for name, value in options.items() if name not in {"seeds", "chaos"}}
        run = run_once(main, seed, faults=plan_from_text(text), **{"hosts": 3} | rest)
        if run.error is not None:
            raise SeedFailed(run, 0) from run.error
        return run

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
        line = f"pytest \"{item.nodeid}\" --seed {error.run.seed} --faults '{faults}'    # history {error.run.hash}"
        report.sections.append(("Replay", line))
    return report

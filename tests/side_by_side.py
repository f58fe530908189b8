"""Which tests may run beside which: those on the one shared Ray stay together and in order, others stay file by file.

Half of a run is spent waiting, for verdicts and for processes to start and to end, so `make test` gives it to three
processes (pytest-xdist). What takes longest begins first; what needs a Jaeger, which may still be under construction,
comes last. The third process has the tests that wait for nobody, as far as there are any, and gives way to the others.
A file that is in the wrong group costs the start of another Ray, and nothing else.
"""

import os
from collections.abc import Iterable
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

SHARED_RAY = "shared Ray"
ON_SHARED_RAY = (
    "tests/judge/test_on_ray.py",
    "tests/ray/membership/",
    "tests/ray/system/",
    "tests/ray/test_cluster.py",
    "tests/ray/test_detached.py",
    "tests/ray/test_directory.py",
    "tests/ray/test_host_processes.py",
    "tests/ray/test_placement.py",
    "tests/ray/test_store.py",
    "tests/ray/test_ways_out_of_a_cluster.py",
)
PROGRAMS = ("tests/ray/", "tests/apps/", "tests/soak/test_soak.py", "tests/test_readme.py")
"""Where tests start programs of their own and wait for them."""
QUICK = 2
"""The rank of tests that wait for nobody."""
ALONE = ("tests/ray/system/test_programs.py",)
LAST = ("tests/tracing/test_in_jaeger.py", "tests/tracing/test_in_jaeger_errors_only.py")


def group_of(test: str) -> str:
    """What a test, named by its id, must share a process with: all others of the same group."""
    path, _, name = test.partition("::")
    contract_on_ray = path.startswith("tests/contract/") and "[ray" in name
    on_ray = path.startswith(ON_SHARED_RAY) and path not in ALONE
    return SHARED_RAY if contract_on_ray or on_ray else path


def rank(group: str) -> int:
    """Groups of a lower rank begin earlier."""
    if group == SHARED_RAY:
        return 0
    if group in LAST:
        return 3
    return 1 if group.startswith(PROGRAMS) else QUICK


def gives_way(worker: str, workers: int) -> bool:
    """Whether this process is for quick tests: the last of three, or of more."""
    return workers > 2 and worker == f"gw{workers - 1}"


class Groups(LoadScopeScheduling):
    """pytest-xdist's scheduling of one group after the other, by these groups.

    Its own `--dist loadgroup` (version 3.8) has no effect with pytest 9.2, which remembers the ids of tests.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)

    def _assign_work_unit(self, node: Any) -> None:
        if self._gives_way(node) and (quick := self._quick()) is not None:
            self.workqueue.move_to_end(quick, last=False)
        super()._assign_work_unit(node)

    def _reschedule(self, node: Any) -> None:
        if self._gives_way(node) and self._quick() is None and not node.shutting_down:
            node.shutdown()  # when it has done what it has
        else:
            super()._reschedule(node)

    def _gives_way(self, node: Any) -> bool:
        return gives_way(node.gateway.id, len(self.nodes))

    def _quick(self) -> str | None:
        """The next group of quick tests."""
        return next((group for group in self.workqueue if rank(group) == QUICK), None)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups | None:
    """Use it wherever the command line asks for scopes."""
    return Groups(config, log) if config.getvalue("dist") == "loadscope" else None


def pytest_configure(config: pytest.Config) -> None:
    """Ray starts its workers at niceness 15, and whatever else the machine does keeps them from it."""
    described: dict[str, Any] = getattr(config, "workerinput", {})
    if described and gives_way(described["workerid"], described["workercount"]):
        os.nice(10)  # 19 is too much: tests that give somebody a fifth of a second then starve themselves


@pytest.hookimpl(trylast=True)  # after pytest has put tests side by side that share a fixture
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the groups in the order in which they are to begin."""
    if hasattr(config, "workerinput"):
        items[:] = in_order(items)


def in_order(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """By rank; within a rank nothing changes places."""
    return sorted(items, key=lambda item: rank(group_of(item.nodeid)))

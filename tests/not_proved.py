"""What a run skipped it did not prove: said at its end, and a failure where CI is set.

Where CI is set, everything that tests need must be there. The only skips it allows are the platform-bound ones below,
and those only where their condition really does not hold.
"""

import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.without_ray import excuse

PLATFORM_BOUND = {
    "needs Linux": sys.platform != "linux",
    "needs uvloop, which Windows has not": sys.platform == "win32",
    "needs Python 3.12 or newer": sys.version_info < (3, 12),
    "needs Python 3.13 or newer": sys.version_info < (3, 13),
}
"""Reasons to skip that no setup can cure, each with whether it is true here."""


def on_ci() -> bool:
    """Whether a skip is a failure."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false", "no"}


def reason_of(report: Any) -> str:
    """Why a test or file was skipped, or is expected to fail."""
    if hasattr(report, "wasxfail"):
        return f"expected to fail: {report.wasxfail.removeprefix('reason: ')}"
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


def _refuse(report: Any) -> None:
    if not (report.skipped and on_ci()) or hasattr(report, "wasxfail"):
        return
    reason = reason_of(report)
    if not PLATFORM_BOUND.get(reason, False):
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped where CI is set, so nothing was proved: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[Any]:
    """A skipped test fails where CI is set."""
    report = yield
    excuse(report, call.excinfo)
    _refuse(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[Any]:
    """A file that skips itself as a whole fails where CI is set."""
    report = yield
    excuse(report, report.call.excinfo)
    _refuse(report)
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """List what was not proved, each with its reason, before pytest's closing line."""
    stats = terminalreporter.stats
    terminalreporter.write_sep("=", "Not proved in this run")
    missing = [(report.nodeid, reason_of(report)) for kind in ("skipped", "xfailed") for report in stats.get(kind, [])]
    for name, reason in sorted(missing):
        terminalreporter.write_line(f"{name}: {reason}")
    if deselected := len(stats.get("deselected", [])):
        terminalreporter.write_line(f"{deselected} tests: not selected")
    elif not missing:
        terminalreporter.write_line("Nothing was skipped.")

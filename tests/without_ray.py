"""Where Ray is not installed, what needs it is skipped with a word; where CI is set `not_proved` makes that fail."""

from functools import cache
from typing import Any

import pytest

REASON = "needs Ray, which is not installed"


@cache
def ray_is_there() -> bool:
    """Whether Ray can be imported."""
    try:
        import ray  # noqa: F401
    except ModuleNotFoundError:
        return False
    return True


def excuse(report: Any, raised: "pytest.ExceptionInfo[BaseException] | None") -> None:
    """Skip what has failed because there is no Ray."""
    if report.failed and raised is not None and _misses_ray(raised.value) and not ray_is_there():
        report.outcome = "skipped"
        report.longrepr = (report.nodeid, 0, f"Skipped: {REASON}")


def _misses_ray(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] == "ray":
            return True
        error = error.__cause__ or error.__context__
    return False

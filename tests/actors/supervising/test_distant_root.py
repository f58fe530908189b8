"""A program of a detached system asks the keeper of its root to stop everything."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from actors import StopReport, Unreachable
from actors.supervising.distant_root import DistantRoot


def stopped(monkeypatch: pytest.MonkeyPatch, answer: StopReport | Unreachable, over: bool) -> StopReport:
    async def ask(root: Any, request: Any, timeout: float, until: Any) -> StopReport:
        assert timeout == 12.0
        if isinstance(answer, Unreachable):
            raise answer
        return answer

    monkeypatch.setattr(DistantRoot, "ask", ask)
    root: Any = object.__new__(DistantRoot)
    root.host = SimpleNamespace(settings=SimpleNamespace(system_stop_budget=10.0, stop_budget=2.0))
    return asyncio.run(root.stop_system(lambda: over))


def test_what_had_to_be_abandoned_is_in_the_report(monkeypatch: pytest.MonkeyPatch):
    assert stopped(monkeypatch, StopReport(3, ("/a",)), over=True) == StopReport(3, ("/a",))


def test_a_keeper_that_does_not_answer_is_an_error_unless_the_system_is_over(monkeypatch: pytest.MonkeyPatch):
    assert stopped(monkeypatch, Unreachable("gone"), over=True) == StopReport()
    with pytest.raises(Unreachable):
        stopped(monkeypatch, Unreachable("gone"), over=False)

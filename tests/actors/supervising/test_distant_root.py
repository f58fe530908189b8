"""A program of a detached system asks the keeper of its root to start actors and to stop everything."""

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from actors import Actor, StopReport, Unreachable, Unsendable
from actors.address import Address, Sitting
from actors.supervising.child import Child
from actors.supervising.distant_root import DistantChildren, DistantRoot
from actors.supervising.entry import Dismiss, Hire
from actors.supervising.signals import Spec
from tests.actors.town import until


def stopped(monkeypatch: pytest.MonkeyPatch, answer: StopReport | Unreachable, over: bool) -> StopReport:
    async def ask(root: Any, request: Any, timeout: float, until: Any) -> StopReport:
        assert (request.by, timeout) == ("a test", 12.0)
        if isinstance(answer, Unreachable):
            raise answer
        return answer

    monkeypatch.setattr(DistantRoot, "ask", ask)
    root: Any = object.__new__(DistantRoot)
    root.host = SimpleNamespace(settings=SimpleNamespace(system_stop_budget=10.0, stop_budget=2.0))
    return asyncio.run(root.stop_system("a test", lambda: over))


def test_what_had_to_be_abandoned_is_in_the_report(monkeypatch: pytest.MonkeyPatch):
    assert stopped(monkeypatch, StopReport(3, ("/a",)), over=True) == StopReport(3, ("/a",))


def test_a_keeper_that_does_not_answer_is_an_error_unless_the_system_is_over(monkeypatch: pytest.MonkeyPatch):
    assert stopped(monkeypatch, Unreachable("gone"), over=True) == StopReport()
    with pytest.raises(Unreachable):
        stopped(monkeypatch, Unreachable("gone"), over=False)


class Desk(Actor):
    """To be started by the keeper."""

    def __init__(self, lock: object) -> None:
        self.lock = lock


@pytest.mark.parametrize(("closed", "timeout"), [(True, 10.0), (False, -5.0)])
def test_a_program_that_has_closed_or_has_no_time_left_does_not_ask_again(closed: bool, timeout: float):
    asked: list[object] = []

    async def ask_afar(ref: object, request: object, timeout: float) -> None:
        asked.append(request)
        raise Unreachable("closed")

    root: Any = object.__new__(DistantRoot)
    root._keeper = Address("s", 0, 0)
    root.host = SimpleNamespace(
        closed=closed, clock=lambda: 5.0, ref_to=lambda address: address, delivery=SimpleNamespace(ask_afar=ask_afar)
    )
    with pytest.raises(Unreachable):
        asyncio.run(root.ask(Dismiss(Address("s", 1, 7)), timeout))
    assert len(asked) == 1


@pytest.mark.parametrize("reached", [True, False])
def test_a_spawn_that_is_cancelled_is_taken_back_by_a_step_that_the_host_keeps(
    caplog: pytest.LogCaptureFixture, reached: bool
):
    kept: list[asyncio.Task[None]] = []
    asked: list[object] = []

    async def ask(request: object, timeout: float) -> StopReport:
        asked.append(request)
        if isinstance(request, Hire):
            await asyncio.get_running_loop().create_future()
        if not reached:
            raise Unreachable("gone")
        return StopReport(1)

    async def main() -> None:
        work = SimpleNamespace(start_system=lambda steps: kept.append(asyncio.ensure_future(steps)))
        children: Any = object.__new__(DistantChildren)
        children._ask = ask
        settings = SimpleNamespace(system_stop_budget=10.0)
        children.owner = SimpleNamespace(host=SimpleNamespace(system="s", work=work, settings=settings))
        spawning = asyncio.ensure_future(children.started([Child(Address("s", 1, 7), Spec(Desk), None)], 1.0))
        await until(lambda: asked)
        spawning.cancel()
        with pytest.raises(asyncio.CancelledError):
            await spawning
        await asyncio.gather(*kept)

    asyncio.run(main())
    assert [type(it) for it in asked] == [Hire, Dismiss]
    assert asked[1] == Dismiss(Address("s", 1, 7))
    assert ("may live" in caplog.text) is not reached


def test_an_argument_that_cannot_be_sent_to_the_keeper_is_named():
    async def ask(request: object, timeout: float) -> None:
        raise Unsendable("a list of entries")

    host: Any = SimpleNamespace(system="s", seat=3, sitting=Sitting(3, 9))
    children: Any = object.__new__(DistantChildren)
    children._ask = ask
    lock = threading.Lock()
    child = Child(Address("s", 1, 7), Spec(Desk), "desk")
    children.owner = SimpleNamespace(host=host)
    for unsendable in (Spec(Desk, args=(lock,)), Spec(Desk, kwargs={"lock": lock})):
        child.spec = unsendable
        with pytest.raises(Unsendable, match="Desk"):
            asyncio.run(children.started([child], 1.0))
    child.spec = Spec(Desk, args=(1,))
    with pytest.raises(Unsendable, match="a list of entries"):
        asyncio.run(children.started([child], 1.0))

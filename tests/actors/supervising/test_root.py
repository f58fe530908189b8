"""The top of a host's tree: what it answers other hosts, and to whom it passes their news."""

import asyncio
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

from actors import Actor, NotHandled, NotRunning, Shutdown, Strategy, Supervision, System, here, spread
from actors.address import Address, Sitting
from actors.messages.message import Request
from actors.supervising.draining import Leaving
from actors.supervising.quarantines import ListQuarantine
from actors.supervising.root import NUMBER, LookAtHost, MakeRoom, Root, check
from actors.supervising.signals import ChildNoted, ChildStarted, NewsAbout, Restored, ResumeChild, Signal, SystemOver

CHILD = Address("s", 3, 70)


class Nobody(Actor):
    """Does nothing."""


class Unknown(Request[None]):
    """A newer version may ask this."""


class Asked:
    """Who asked, and what was answered."""

    def __init__(self) -> None:
        self.replies: list[Any] = []
        self.errors: list[BaseException] = []

    def reply(self, value: Any) -> None:
        self.replies.append(value)

    def fail(self, error: BaseException) -> None:
        self.errors.append(error)


class Host:
    """Writes down what its root passes on."""

    system, seat = "s", 3

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.taker = ""
        self.granted: bool | BaseException = True
        note = self.heard.append
        self.work = SimpleNamespace(start_system=self._run)
        self.desk = SimpleNamespace(take=lambda request, asker: self.taker == "desk")
        self.attendant = SimpleNamespace(take=lambda request, asker: self.taker == "attendant")
        self.placing = SimpleNamespace(seat=self._seat)
        self.directory = SimpleNamespace(claim=self._claim, release=self._release)
        self.seating = SimpleNamespace(
            leaving=set[Sitting](),
            heard=lambda signal: note(("heard", signal)),
            restored=lambda sitting: note(("restored", sitting)),
            reports=SimpleNamespace(noted=lambda child: note(("noted", child))),
            when_over=lambda: note("over"),
        )

    def look(self) -> str:
        return "it is well"

    def _run(self, work: Coroutine[Any, Any, Any] | None) -> Any:
        if work is not None:
            asyncio.run(work)
        return SimpleNamespace(add_done_callback=lambda call: call(None))

    async def _seat(self, placement: Any) -> int:
        if placement != spread():
            raise NotRunning("no room")
        return 5

    async def _claim(self, name: str, seat: int, address: Address) -> bool:
        self.heard.append(("claim", name, seat, address))
        if isinstance(self.granted, BaseException):
            raise self.granted
        return self.granted

    def _release(self, name: str, address: Address) -> None:
        self.heard.append(("release", name, address))


def root() -> tuple[Any, Root]:
    host: Any = Host()
    return host, Root(host, Supervision())


def answered(of: Root, request: object) -> Asked:
    asked: Any = Asked()
    of.take(request, asked)
    return asked


def test_it_is_known_by_its_seat_and_a_number_that_no_actor_has():
    assert root()[1].address == Address("s", 3, NUMBER)


@pytest.mark.parametrize(
    ("signal", "passed"),
    [
        (NewsAbout((2, 1)), ("heard", NewsAbout((2, 1)))),
        (Restored(Sitting(1, 9)), ("restored", Sitting(1, 9))),
        (ChildNoted(CHILD), ("noted", CHILD)),
        (SystemOver(), "over"),
    ],
)
def test_news_of_other_hosts_go_to_who_keeps_the_seats(signal: Signal, passed: Any):
    host, one = root()
    one.on_signal(signal)
    assert host.heard == [passed]


def test_what_a_child_says_goes_to_the_table_and_what_is_for_no_root_is_named(monkeypatch: Any, caplog: Any):
    host, one = root()
    told: list[Signal] = []
    monkeypatch.setattr(type(one.children), "on_signal", lambda table, signal: told.append(signal))
    one.on_signal(ChildStarted(CHILD, 1))
    assert told == [ChildStarted(CHILD, 1)]
    one.on_signal(ResumeChild(CHILD, 1))
    assert len(told) == 1
    assert host.heard == []
    assert "A root was sent ResumeChild" in caplog.text


def test_a_host_is_looked_at_and_one_that_leaves_is_noted():
    host, one = root()
    assert answered(one, LookAtHost()).replies == ["it is well"]
    assert answered(one, Leaving(Sitting(1, 9))).replies == [None]
    assert host.seating.leaving == {Sitting(1, 9)}


def test_another_host_may_look_into_the_quarantine():
    host, one = root()
    host.quarantine = SimpleNamespace(entries=lambda: ["a message"])
    assert answered(one, ListQuarantine()).replies == [["a message"]]


def test_room_is_made_or_its_failure_told():
    _, one = root()
    assert answered(one, MakeRoom(spread())).replies == [5]
    [error] = answered(one, MakeRoom(here())).errors
    assert isinstance(error, NotRunning)


def test_a_request_that_nobody_takes_is_refused_and_no_other_is():
    host, one = root()
    [error] = answered(one, Unknown()).errors
    assert isinstance(error, NotHandled)
    assert "Unknown" in str(error)
    for taker in ("desk", "attendant"):
        host.taker = taker
        assert answered(one, Unknown()).errors == []


def test_a_top_level_name_is_the_directorys_to_grant_and_freed_where_nobody_knows_whether_it_was():
    host, one = root()
    for granted in (True, False):
        host.granted = granted
        assert asyncio.run(one.claim("desk", CHILD)) is granted
    assert host.heard == [("claim", "desk", 3, CHILD)] * 2
    host.heard.clear()
    host.granted = NotRunning("no answer")
    with pytest.raises(NotRunning):
        asyncio.run(one.claim("desk", CHILD))
    assert host.heard == [("claim", "desk", 3, CHILD), ("release", "desk", CHILD)]


@pytest.mark.parametrize(
    "wrong", [Supervision(strategy=Strategy.ONE_FOR_ALL), Supervision(shutdown=Shutdown.ANY_SIGNIFICANT)]
)
def test_a_system_treats_each_actor_by_itself(wrong: Supervision):
    with pytest.raises(ValueError, match="treats each top-level actor by itself"):
        check(wrong)
    right = Supervision(restarts=1)
    assert check(right) is right


def test_the_name_of_an_actor_that_was_stopped_is_free_when_its_report_comes():
    async def main(system: System) -> None:
        directory: Any = system.host.directory
        release, asked, told = directory.release, asyncio.Event(), asyncio.Event()

        async def late(name: str, address: Address) -> None:
            asked.set()
            await told.wait()
            await release(name, address)

        directory.release = late
        stopped = asyncio.ensure_future(system.stop_actor(await system.options(name="ada").spawn(Nobody)))
        await asked.wait()
        assert await system.lookup("ada") is not None
        told.set()
        assert (await stopped).stopped == 1
        assert await system.lookup("ada") is None
        assert not system.host.root._releasing

    System(on="local").run(main)

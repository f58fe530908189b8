"""A spare that stands by hears the news; it ends when it is told to, with its system, or when it can reach nobody."""

import concurrent.futures
import gc
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from actors import Settings
from actors.address import Sitting
from actors.backends.ray.directory import open_directory
from actors.backends.ray.directory.directory_actor import DirectoryPlan
from actors.backends.ray.directory.open_directory import Admission, OpenDirectory
from actors.backends.ray.errors import DirectoryUnavailable
from actors.backends.ray.hosts import spare as spares
from actors.backends.ray.hosts.host_life import ORPHANED, Farewell, HostLife
from actors.backends.ray.hosts.seated import Membership
from actors.backends.ray.hosts.serve import HostTask, end_with_driver
from actors.membership.seats import Cue, Heirs, Seat, Spare, Table

SETTINGS = Settings(renewal=0.05, lease=0.2, verdict=0.3, isolation=0.5)
NOTHING_NEW = Cue(None, None)
UNREACHABLE = DirectoryUnavailable("It is cut off.")
CALLED = Cue(Sitting(3, 9), None)
DRIVER = Seat(0, 1, heirs=Heirs.NOBODY)
HOST = Seat(1, 2)


@pytest.fixture(autouse=True)
def of_this_process(monkeypatch):
    """It is no Ray actor, and stays as it is."""
    monkeypatch.setattr(spares.calls, "this_actor", lambda: None)
    monkeypatch.setattr(spares, "usual_niceness", dict)
    monkeypatch.setattr(gc, "freeze", lambda: None)


class Office:
    """In place of the directory: its answers, of which the last is given for ever."""

    def __init__(self, *answers: Cue | Exception, then: Callable[[HostLife], object] = lambda life: None) -> None:
        self.client = self
        self.answers = list(answers)
        self.then = then
        self.known: list[Any] = []
        self.heard: list[Table] = []

    async def call(self, method: str, spare: Spare, actor: Any, known: Any, *, timeout: float) -> Cue:
        assert method == "stand_by_as"
        self.known.append(known)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def await_spare(self, hear: Callable[[HostLife, Table], object] = lambda life, table: None) -> Farewell:
        """How a spare ends that asks here."""

        async def entry(_: Any, life: HostLife) -> Any:
            life.ready(None)
            self.then(life)

            def heard(table: Table) -> None:
                self.heard.append(table)
                hear(life, table)

            return await spares.stand_by(Spare("spare"), self, life, SETTINGS, heard)

        ended: concurrent.futures.Future[Farewell] = concurrent.futures.Future()
        HostLife(entry, None).start(ended.set_result)
        return ended.result(30)


def test_a_spare_hears_each_table_once_and_takes_the_seat_it_is_called_to():
    table = Table((1, 4))
    office = Office(Cue(None, table), NOTHING_NEW, CALLED)
    assert office.await_spare().report == CALLED.sitting
    assert office.heard == [table]
    assert office.known == [(0, 0), (1, 4), (1, 4)]


def test_a_spare_that_is_called_by_an_order_goes_at_once():
    office = Office(NOTHING_NEW, then=lambda life: life.order(Sitting(3, 9)))
    assert office.await_spare().report == Sitting(3, 9)


def test_a_spare_that_is_told_to_end_ends():
    office = Office(NOTHING_NEW, then=lambda life: life.tell("enough", 1.0))
    farewell = office.await_spare()
    assert (farewell.reason, farewell.report, farewell.error) == ("enough", None, "")


def test_a_spare_ends_with_its_system_whose_driver_may_be_where_nobody_can_tell_of_it():
    plan = DirectoryPlan("play", "tests", "nobody:nothing")
    task = HostTask(Membership(plan, b"", SETTINGS, over_tcp=False, driver=DRIVER.number), spare=True)
    there, rebuilt, gone = (
        Table((1, 1), (DRIVER, HOST)),
        Table((2, 1), (HOST,), complete=False),
        Table((2, 2), (HOST,)),
    )
    office = Office(Cue(None, there), Cue(None, rebuilt), Cue(None, gone), NOTHING_NEW)
    farewell = office.await_spare(lambda life, table: end_with_driver(task, life, table))
    assert (farewell.reason, farewell.report, farewell.error) == (ORPHANED, None, "")
    assert office.heard == [there, rebuilt, gone]


@pytest.mark.parametrize(
    ("answers", "questions"),
    [((UNREACHABLE,), 4), ((UNREACHABLE, UNREACHABLE, UNREACHABLE, NOTHING_NEW, UNREACHABLE), 8)],
)
def test_a_spare_that_reaches_nobody_for_the_time_of_isolation_may_not_go_on(answers, questions):
    """Each question that is not answered takes three renewals, one of them until the next; these are 0.15 s of 0.5."""
    office = Office(*answers)
    assert "DirectoryUnavailable" in office.await_spare().error
    assert len(office.known) == questions


class Memory:
    """In place of Ray's control store."""

    def __init__(self, system: str) -> None:
        self.written: dict[str, bytes] = {}

    def keys(self, prefix: str) -> list[str]:
        return []

    def put(self, key: str, value: bytes) -> None:
        self.written[key] = value


def test_the_directory_tells_a_spare_of_a_table_that_it_has_not_got(monkeypatch):
    monkeypatch.setattr(open_directory, "ControlStore", Memory)
    directory = OpenDirectory(1, Admission(b"", SETTINGS, "play", "tests"))
    stands_by = partial(directory.stand_by_as, spare=Spare("spare"), actor=None)
    first = stands_by(1.0, known=(0, 0))
    assert first.table is not None
    assert [spare.name for spare in first.table.spares] == ["spare"]
    assert stands_by(1.05, known=first.table.version) == NOTHING_NEW
    directory.register(1.1, HOST, {}, ())
    assert stands_by(1.15, known=first.table.version) == Cue(None, directory.table(1.15))

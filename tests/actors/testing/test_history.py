"""What clients record: every request before it is sent, every end as the closed table of outcomes says, with times."""

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

import actors
from actors import Actor, AskError, Asks, Ref, Request, System, TimedOut, Unsendable, call, receive
from actors.testing import Client, History, outcome_of, run

ROOT = Path(__file__).parents[3]


class Put(Request[list[int]]):
    key: str
    values: tuple[int, ...]


class Form(BaseModel, Asks[str], frozen=True):
    key: str


class Shelf(Actor):
    def __init__(self, file: Path | None = None) -> None:
        self.file = file

    @call
    def seen(self, key: str) -> str:
        """What is in the history while the request is handled."""
        assert self.file is not None
        return self.file.read_text(encoding="utf-8")

    @call
    async def hang(self) -> None:
        await asyncio.Event().wait()

    @call
    def fail(self) -> None:
        raise ValueError("planned")

    @call
    def who(self, ref: "Ref[Shelf]") -> object:
        return lambda: None

    @receive
    def put(self, message: Put) -> list[int]:
        return list(message.values)

    @receive
    def form(self, form: Form) -> str:
        return form.key


def events(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def recorded(tmp_path: Path, steps, *arguments: object) -> list[dict[str, object]]:
    """The events of one client that does the steps with a shelf."""
    file = tmp_path / "one.jsonl"

    async def main(system: System) -> None:
        shelf = await system.spawn(Shelf, *arguments)
        with History(file) as history:
            await steps(history.client("one"), shelf)

    run(main, allow_dead_letters=True, stop_budget=0.01)
    return events(file)


def test_an_operation_is_the_requests_name_with_its_fields_and_its_result(tmp_path):
    async def steps(client: Client, shelf: Ref[Shelf]) -> None:
        assert await client.ask(shelf, Put(key="k", values=(1, 2))) == [1, 2]
        assert await client.ask(shelf, Form(key="k")) == "k"

    first, second, third, fourth = recorded(tmp_path, steps)
    assert first["time"] <= second["time"] <= third["time"]
    begun = {"event": "invoke", "process": "one", "number": 1, "operation": "Put"}
    assert first == {**begun, "argument": {"key": "k", "values": [1, 2]}, "time": first["time"]}
    assert second == {"event": "ok", "process": "one", "number": 1, "result": [1, 2], "time": second["time"]}
    assert (third["operation"], third["argument"], third["number"]) == ("Form", {"key": "k"}, 2)
    assert fourth["result"] == "k"


def test_what_json_has_no_form_for_is_its_repr(tmp_path):
    async def steps(client: Client, shelf: Ref[Shelf]) -> None:
        assert callable(await client.ask(shelf, Shelf.who(shelf)))

    invoke, ok = recorded(tmp_path, steps)
    assert invoke["argument"]["ref"].startswith("Ref(")
    assert ok["result"].startswith("<function")


def test_a_request_is_in_the_file_before_it_is_handled(tmp_path):
    async def steps(client: Client, shelf: Ref[Shelf]) -> None:
        seen = await client.ask(shelf, Shelf.seen("k"))
        [line] = seen.splitlines()
        assert json.loads(line)["operation"] == "seen"

    assert [event["event"] for event in recorded(tmp_path, steps, tmp_path / "one.jsonl")] == ["invoke", "ok"]


def test_of_a_process_that_is_killed_every_request_is_there(tmp_path):
    program = (
        "import os, sys\n"
        "from actors.testing import History\n"
        "client = History(sys.argv[1]).client('one')\n"
        "client.invoke('write', {'key': 1}).ok()\n"
        "client.invoke('write', {'key': 2})\n"
        f"os.kill(os.getpid(), {int(signal.SIGKILL)})\n"
    )
    file = tmp_path / "one.jsonl"
    done = subprocess.run([sys.executable, "-c", program, str(file)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert [(it["event"], it["number"]) for it in events(file)] == [("invoke", 1), ("ok", 1), ("invoke", 2)]


# ---- how an operation ends -------------------------------------------------------------------------------------------

OUTCOMES = [it for it in vars(actors).values() if isinstance(it, type) and issubclass(it, AskError)]


@pytest.mark.parametrize("kind", OUTCOMES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(("ran", "outcome"), [("no", "fail"), ("yes", "unknown"), ("maybe", "unknown")])
def test_what_did_not_run_has_failed_and_everything_else_is_unknown(kind, ran, outcome):
    error = kind("planned")
    error.ran = ran
    assert outcome_of(error) == outcome


@pytest.mark.parametrize("error", [asyncio.CancelledError(), OSError(), KeyboardInterrupt()])
def test_an_error_that_is_no_outcome_of_an_ask_says_nothing(error):
    assert outcome_of(error) == "unknown"


def test_errors_are_recorded_and_raised(tmp_path):
    async def steps(client: Client, shelf: Ref[Shelf]) -> None:
        with pytest.raises(actors.Failed):
            await client.ask(shelf, Shelf.fail())
        with pytest.raises(TimedOut):
            await client.ask(shelf, Shelf.hang(), timeout=0.5)
        queued = asyncio.create_task(client.ask(shelf, Shelf.hang()))
        await asyncio.sleep(0)
        queued.cancel()
        with pytest.raises(asyncio.CancelledError):
            await queued
        with pytest.raises(TypeError):
            await client.ask(shelf, Nothing())

    ends = [(it["event"], it["error"]) for it in recorded(tmp_path, steps) if it["event"] != "invoke"]
    assert ends == [
        ("unknown", "Failed"),
        ("unknown", "TimedOut"),
        ("unknown", "CancelledError"),
        ("fail", "TypeError"),
    ]


class Nothing(Request[None]):
    """That no shelf handles."""


def test_a_request_that_cannot_be_sent_has_failed(tmp_path):
    class Far:
        def ask(self, request: object, *, timeout: float | None) -> None:
            raise Unsendable("planned")

    with History(tmp_path / "one.jsonl") as history, pytest.raises(Unsendable):
        asyncio.run(history.client("one").ask(Far(), Put(key="k", values=())))
    assert [it["event"] for it in events(tmp_path / "one.jsonl")] == ["invoke", "fail"]


def test_the_first_end_counts(tmp_path):
    with History(tmp_path / "one.jsonl") as history:
        operation = history.client("one").invoke("write")
        operation.unknown("lost")
        operation.ok(5)
    assert [it["event"] for it in events(tmp_path / "one.jsonl")] == ["invoke", "unknown"]


# ---- the file --------------------------------------------------------------------------------------------------------


def test_times_are_those_of_the_clock_and_faults_name_whom_they_end(tmp_path):
    times = iter([10, 20])
    with History(tmp_path / "one.jsonl", clock=lambda: next(times)) as history:
        history.fault("stop")
        history.fault("kill", lost=["one"])
    assert events(tmp_path / "one.jsonl") == [
        {"event": "fault", "fault": "stop", "lost": [], "time": 10},
        {"event": "fault", "fault": "kill", "lost": ["one"], "time": 20},
    ]


def test_two_histories_are_never_mixed_and_a_client_has_a_name_of_its_own(tmp_path):
    with History(tmp_path / "one.jsonl") as history:
        history.client("one")
        with pytest.raises(ValueError, match="take another name"):
            history.client("one")
    with pytest.raises(FileExistsError):
        History(tmp_path / "one.jsonl")


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_a_request_that_cannot_be_recorded_is_not_sent(tmp_path, monkeypatch):
    async def main(system: System) -> None:
        shelf = await system.spawn(Shelf)
        with pytest.raises(OSError, match="No space left"):
            await client.ask(shelf, Shelf.fail())
        assert [host.handled for host in await system.stats()] == [0]

    with Path("/dev/full").open("wb", buffering=0) as full, History(tmp_path / "one.jsonl") as history:
        client = history.client("one")
        with monkeypatch.context() as patch:
            patch.setattr(history, "_file", full)
            run(main)

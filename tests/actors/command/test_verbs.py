"""What the command line says and how it ends, without a cluster: a system in this process stands for the one afar."""

import asyncio
import io
import json
import subprocess
import sys
from types import SimpleNamespace

import msgspec
import pytest

from actors import Actor, Address, Ambiguous, MailboxOptions, StopReport, System, call, retry
from actors.command import program, tables, verbs
from actors.command.arguments import parser
from actors.command.plain import as_json
from actors.command.program import main
from actors.command.verbs import VERBS, NothingFound
from actors.membership.seats import HostState, Member, Seat
from actors.operations.reports import ActorTree, Diagnosis, HostReport


class Oven(Actor):
    mailbox = MailboxOptions(on_failure=retry(0))

    @call
    def bake(self, dish: str) -> str:
        if dish == "plastic":
            raise ValueError("that melts")
        return dish


class Visit:
    """A system of this process, as if it were seen from another."""

    def __init__(self, system: System) -> None:
        self.system = "understudy/bakery"
        self.host = system.host
        self.by = "a test"
        self.operations = system.operations
        self.members = system.members
        self.look_closely = system._backend.look_closely

    def guest(self):
        return self.host

    def is_detached(self):
        return True

    def programs(self):
        return [Seat(0, 1, pid=4711, node="0123456789")]

    async def shut_down(self):
        return StopReport(7)


def run(*commands: str) -> list[verbs.Answer]:
    """The answers to these commands by a system with an oven, which has failed on plastic."""

    async def whole(system: System) -> list[verbs.Answer]:
        oven = await system.options(name="oven").spawn(Oven)
        oven.tell(Oven.bake("plastic"))
        while not (found := await system.quarantine.list()):
            pass
        answers = []
        for command in commands:
            given = parser().parse_args(command.replace("NUMBER", str(found[0].number)).split())
            answers.append(await VERBS[given.verb](Visit(system), given))
        return answers

    return System(on="local").run(whole)


def test_the_tree_is_a_table():
    [answer] = run("tree")
    head, line = answer.text.splitlines()
    assert head.split() == ["actor", "class", "state", "waiting", "restarts", "handled", "ident"]
    assert line.split()[:6] == ["oven", "Oven", "idle", "0", "1", "1"]
    [actor] = answer.data["actors"]
    assert (actor["path"], actor["depth"], answer.code) == ("/oven", 0, 0)


def test_a_part_of_the_tree_is_named_by_path_or_ident():
    [whole] = run("tree")
    ident = whole.data["actors"][0]["ident"]
    for name in ("/oven", "oven", ident):
        assert run(f"tree {name}")[0].text.split()[:7] == whole.text.split()[:7]
    with pytest.raises(NothingFound, match="No actor stove is in the tree."):
        run("tree stove")


def test_quarantine_is_listed_shown_and_changed(caplog):
    listed, shown, dropped, empty = run(
        "quarantine list", "quarantine show NUMBER", "quarantine drop NUMBER --yes", "quarantine list"
    )
    assert listed.text.splitlines()[1].split()[2:6] == ["/oven", "Oven.bake", "1", "ValueError"]
    assert "message   Oven.bake(dish='plastic')" in shown.text
    assert "ValueError: that melts" in shown.text
    assert dropped.data == {"changed": True}
    assert empty.text == "Nothing is in quarantine.\n"
    with pytest.raises(NothingFound, match="not in quarantine"):
        run("quarantine show 1")
    [requeued] = run("quarantine requeue NUMBER --yes")
    assert "was given back to /oven" in requeued.text
    logged = [
        it.getMessage() for it in caplog.records if it.name == "understudy.quarantine" and " by " in it.getMessage()
    ]
    assert [(text.partition(",")[0], text.partition(" was ")[2]) for text in logged] == [
        ("Oven.bake", "dropped by a test."),
        ("Oven.bake", "requeued by a test."),
    ]


def test_what_changes_something_wants_a_plain_word(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    commands = ("suspend oven", "resume oven", "drain 1", "quarantine requeue NUMBER", "quarantine drop NUMBER")
    for command in (*commands, "stop bakery"):
        with pytest.raises(NothingFound, match="Nothing was done: add --yes"):
            run(command)

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal("no\n"))
    with pytest.raises(NothingFound, match=r"^Nothing was done\.$"):
        run("suspend oven")
    monkeypatch.setattr(sys, "stdin", Terminal("yes\n\n"))
    assert run("suspend oven")[0].data == {"changed": True}
    assert "Suspend oven of understudy/bakery?" in capsys.readouterr().err


def test_a_doctor_ends_with_one_when_something_is_wrong(monkeypatch, tmp_path, capsys):
    [well] = run(f"doctor --file {tmp_path / 'report'}")
    assert (well.code, "Nothing is wrong." in well.text) == (0, True)
    assert (tmp_path / "report").stat().st_mode & 0o777 == 0o600
    assert "thread MainThread" in (tmp_path / "report").read_text()

    async def ill(*_):
        return Diagnosis("s", ("Something.",), (), (), {})

    monkeypatch.setattr(verbs, "diagnose", ill)
    [answer] = run("doctor")
    assert (answer.code, "! Something." in answer.text) == (1, True)


def test_the_stack_of_a_hanging_loop_is_shown_by_whoever_knows_it():
    hangs = Member(0, 7, HostState.STALLED, stalled="/a", stack='  File "a.py", in told\n')
    known = HostReport("h", 1, "n", 1, stalled="/b", stacks={"thread host-loop": "in seen\n", "thread x": "in other\n"})
    members = (hangs, Member(1, 8, HostState.STALLED, stalled="/b", stack="in told as well\n"))
    text = tables.diagnosis(Diagnosis("s", ("Bad.",), members, (known,), {}), every_stack=False)
    assert "in told\n" in text
    assert "in seen" in text
    assert "in told as well" not in text
    assert "in other" not in text
    assert "in other" in tables.diagnosis(Diagnosis("s", (), members, (known,), {}), every_stack=True)


def test_a_detached_system_is_stopped_and_what_was_abandoned_is_said(monkeypatch):
    [well] = run("stop bakery --yes")
    assert (well.text, well.code) == ("understudy/bakery has been stopped; actors that ended: 7.\n", 0)
    assert well.data == {"changed": True, "stopped": 7, "abandoned": ()}
    monkeypatch.setattr(Visit, "shut_down", hanging)
    [badly] = run("stop understudy/bakery --yes")
    assert badly.text.endswith("! /oven did not stop in time, and was abandoned.\n")
    assert (badly.data["abandoned"], badly.code) == (("/oven",), 1)


async def hanging(visit):
    return StopReport(7, ("/oven",))


def test_a_system_that_ends_with_its_program_is_not_stopped_and_the_program_is_named(monkeypatch):
    monkeypatch.setattr(Visit, "is_detached", lambda visit: False)
    with pytest.raises(
        NothingFound, match=r"no detached system: .* End that one \(process 4711 on node 01234567\), by"
    ):
        run("stop bakery --yes")
    monkeypatch.setattr(Visit, "programs", lambda visit: [])
    with pytest.raises(NothingFound, match="End that one, by"):
        run("stop bakery --yes")


@pytest.mark.parametrize(
    "wrong", ["", "dance", "suspend", "tree --limit 0", "quarantine", "drain one --yes", "stop --yes"]
)
def test_wrong_usage_ends_with_two(wrong, capsys):
    with pytest.raises(SystemExit) as ended:
        main(wrong.split())
    assert ended.value.code == 2
    assert "usage: python -m actors" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("tree --limit abc", "argument --limit: 'abc' is not a whole number of 1 or more"),
        ("tree --limit 0", "argument --limit: '0' is not a whole number of 1 or more"),
        ("trace oven --seconds soon", "'soon' is not a number of seconds above 0, such as 30 or 0.5"),
        ("trace oven --seconds nan", "'nan' is not a number of seconds above 0, such as 30 or 0.5"),
        ("trace oven --seconds inf", "'inf' is not a number of seconds above 0, such as 30 or 0.5"),
        ("drain one", "argument seat: 'one' is not a whole number of 0 or more"),
        ("quarantine show 1.5", "argument number: '1.5' is not a whole number of 0 or more"),
    ],
)
def test_a_wrong_number_is_explained(wrong, said, capsys):
    with pytest.raises(SystemExit):
        main(wrong.split())
    assert said in capsys.readouterr().err


def test_a_trace_may_be_shorter_than_a_second():
    assert parser().parse_args(["trace", "oven", "--seconds", "0.5"]).seconds == 0.5


def test_numbers_of_quarantine_are_text_in_json_because_they_are_too_long_for_many_readers():
    listed, shown = run("quarantine list", "quarantine show NUMBER")
    [entry] = json.loads(as_json(listed.data))
    assert entry["number"] == json.loads(as_json(shown.data))["number"] == listed.text.split()[7]
    assert entry["seat"] == 0


def test_a_part_of_the_tree_whose_path_two_actors_have_is_refused():
    async def whole(system: System) -> None:
        await system.options(name="oven").spawn(Oven)
        seen = Visit(system)
        twice = await seen.operations.tree()
        twice = ActorTree((*twice.actors, msgspec.structs.replace(twice.actors[0], address=Address("s", 9, 7))))

        async def tree(**_):
            return twice

        seen.operations = SimpleNamespace(tree=tree)
        with pytest.raises(Ambiguous, match=r"2 living actors have the path /oven\. .*, 9/0\.7 \(Oven\)\."):
            await VERBS["tree"](seen, parser().parse_args(["tree", "oven"]))
        [row] = (await VERBS["tree"](seen, parser().parse_args(["tree", "9/0.7"]))).data["actors"]
        assert row["ident"] == "9/0.7"

    System(on="local").run(whole)


def test_help_has_examples_and_names_exit_codes(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "python -m actors suspend /kitchen/oven --yes" in said
    assert "exit codes: 0 all is well" in said


def test_where_nothing_runs_it_says_what_to_do(monkeypatch, capsys, tmp_path):
    pytest.importorskip("ray")
    from actors.backends.ray import visitor

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(visitor, "embedded_rays", list)
    assert main(["tree"]) == 2
    assert "--address HEAD:6379" in capsys.readouterr().err
    assert main(["tree", "--address", str(tmp_path)]) == 2
    assert "no private folder of a running program" in capsys.readouterr().err
    several = [visitor.EmbeddedRay(tmp_path / name, "", tmp_path) for name in "ab"]
    monkeypatch.setattr(visitor, "embedded_rays", lambda: several)
    assert main(["tree"]) == 2
    assert f"--address {tmp_path / 'a'}\n" in capsys.readouterr().err


def test_of_several_systems_one_has_to_be_named(monkeypatch):
    pytest.importorskip("ray")
    from actors.backends.ray.hosts import host_actors

    monkeypatch.setattr(host_actors, "systems", lambda: [("north", "twin"), ("south", "one"), ("south", "twin")])
    for command, said in (
        ("tree", "choose one by --system: north/twin, south/one, south/twin."),
        ("stop twin", "twin is one of several, name it whole: north/twin, south/twin."),
        ("stop south", "No system south runs on this Ray. There are: north/twin, south/one, south/twin."),
    ):
        with pytest.raises(NothingFound, match=said):
            asyncio.run(program._do(parser().parse_args(command.split())))


def test_where_no_cluster_answers_it_says_so():
    # a process of its own, because this one may be part of a Ray already
    tree = [sys.executable, "-m", "actors", "tree", "--address", "127.0.0.1:1"]
    ended = subprocess.run(tree, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 2
    assert "No Ray cluster answers at 127.0.0.1:1" in ended.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [(KeyboardInterrupt(), 130), (BrokenPipeError(), 0), (NothingFound("x"), 2), (OSError("x"), 2)],
)
def test_every_end_has_its_code(monkeypatch, capfd, error, code):
    def fails(_):
        raise error

    monkeypatch.setattr(program, "_run", fails)
    monkeypatch.setattr(program.os, "dup2", lambda *_: None)
    assert main(["tree"]) == code


def test_json_is_one_object_a_line(monkeypatch, capsys):
    monkeypatch.setattr(program, "_run", lambda given: run("inspect oven")[0])
    assert main(["inspect", "oven", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["actor"]["path"], found["attributes"]) == ("/oven", {})
    assert found["actor"]["address"].count("/") == 2

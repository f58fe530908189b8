"""The judge's own source is formatted and vetted, and its one dependency is pinned."""

import shutil

import pytest

from tests.judge import judge as building
from tests.judge.judge import SOURCE, NoJudge, build, run_go, unformatted


@pytest.fixture
def built(judge):
    """Skips where there is no Go."""
    return judge


def test_it_is_formatted(built):
    del built
    assert not unformatted()


def test_the_vet_of_go_finds_nothing(built):
    del built
    done = run_go("vet", ".")
    assert done.returncode == 0, done.stderr


def test_porcupine_is_the_one_dependency_and_pinned(built):
    del built
    assert "github.com/anishathalye/porcupine v1.3.1" in (SOURCE / "go.mod").read_text(encoding="utf-8")
    sums = (SOURCE / "go.sum").read_text(encoding="utf-8").splitlines()
    assert [line.split()[:2] for line in sums] == [
        ["github.com/anishathalye/porcupine", "v1.3.1"],
        ["github.com/anishathalye/porcupine", "v1.3.1/go.mod"],
    ]


def test_it_is_built_once_for_each_state_of_its_source(built, tmp_path, monkeypatch):
    first = build()
    assert first.program == built.program
    assert not first.program.is_relative_to(SOURCE.parents[1])
    copy = tmp_path / "program"
    shutil.copytree(SOURCE, copy)
    (copy / "main.go").write_text((copy / "main.go").read_text(encoding="utf-8") + "\n// changed\n", encoding="utf-8")
    monkeypatch.setattr(building, "SOURCE", copy)
    changed = build(tmp_path / "cache")
    assert changed.program.parent.name != first.program.parent.name
    assert changed.program.exists()


def test_without_go_there_is_no_judge_and_a_word_about_it(monkeypatch):
    monkeypatch.setattr(building.shutil, "which", lambda name, path=None: None)
    with pytest.raises(NoJudge, match="needs Go"):
        build()

"""The shape of the source is checked: who may import whom, what the door shows, and that each file states its rule."""

import ast
import importlib
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("actors", "patterns", "apps", "tracing")
FILES = sorted(file for folder in (*FOLDERS, "tests") for file in (ROOT / folder).rglob("*.py"))
LONGEST = 400
DOORS = ("actors", "actors.testing", "patterns", "patterns.clocks", "tracing")
HEAVY = ("ray", "pydantic", "opentelemetry", "numpy", "uvloop")


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


def contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    return subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)


def test_the_import_contracts_hold():
    done = contracts(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The source without tests, to be broken."""
    folder = tmp_path_factory.mktemp("source")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("patterns/planted.py", "import ray", "Ray is imported by its backend only BROKEN"),
        ("actors/address.py", "import tracing", "Folders point one way BROKEN"),
        ("actors/address.py", "import actors.system", "Inside actors/, lower files never look up BROKEN"),
        ("actors/planted.py", "", "Inside actors/, lower files never look up BROKEN"),
        ("apps/planted.py", "import actors.mail.mailbox", "Outsiders use the door: from actors import ... BROKEN"),
    ],
)
def test_a_planted_import_breaks_its_contract(copy, file, line, contract):
    planted = copy / file
    before = planted.read_text(encoding="utf-8") if planted.exists() else None
    planted.write_text(f"{before or ''}\n{line}\n", encoding="utf-8")
    try:
        done = contracts(copy)
    finally:
        planted.unlink() if before is None else planted.write_text(before, encoding="utf-8")
    assert done.returncode == 1, done.stdout
    assert contract in done.stdout


def test_the_list_of_layers_names_every_file_of_the_runtime_and_no_other():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    [layers] = [each["layers"] for each in settings["contracts"] if each.get("containers") == ["actors"]]
    listed = {name.strip(" ()") for line in layers for part in line.split("|") for name in part.split(":")}
    entries = [
        entry for entry in (ROOT / "actors").iterdir() if entry.suffix == ".py" or (entry / "__init__.py").exists()
    ]
    assert listed == {entry.stem for entry in entries} - {"__init__"}


@pytest.mark.parametrize("door", DOORS)
def test_the_door_is_sorted_and_true(door):
    module = importlib.import_module(door)
    shown = list(getattr(module, "__all__", []))
    assert shown == sorted(shown, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    assert not [name for name in shown if not hasattr(module, name)]
    public = {
        name for name, value in vars(module).items() if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    assert public == {name for name in shown if not isinstance(getattr(module, name), ModuleType)}


def test_importing_the_door_loads_nothing_heavy():
    program = (
        "import time; begin = time.perf_counter(); import actors; took = time.perf_counter() - begin\n"
        f"import sys; print(round(took, 3), *[name for name in {HEAVY} if name in sys.modules])"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
        for _ in "123"
    ]
    took, *loaded = min(run.stdout.split() for run in runs)
    print(f"import actors: {took} s, the best of three")
    assert not loaded


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_a_file_begins_with_its_rule_and_is_not_long(file):
    text = file.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST
    if not text and file.name == "__init__.py" and file.is_relative_to(ROOT / "tests"):
        return  # a folder of tests is nothing but a folder
    assert text.startswith('"""')
    rule = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
    assert len(rule.split()) >= 4
    assert rule.endswith((".", "?", "!"))

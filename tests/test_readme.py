"""What the pages show is true: programs are run on each backend, tables compared with the source, links followed."""

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from actors.settings import DEFAULTS, RULES

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [
    README,
    *sorted(
        page for folder in ("actors", "patterns", "tracing", "apps", "tests") for page in (ROOT / folder).rglob("*.md")
    ),
]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"\bSystem\(|\brun\(|\bexplore\(")
"""What a block that can be run has in it: it opens a system. Other blocks show a fragment."""
LINK = re.compile(r"\]\((?!https?://)([^)#]*)(?:#([^)]+))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
PATIENCE = 120.0
"""Seconds until a program that hangs is ended."""


def programs(page: Path) -> list[tuple[str, str]]:
    """Every Python block of a page with the text block right after it, or with nothing."""
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [
        (code, text if kind == "text" else "")
        for (mark, code), (kind, text) in pairwise([*blocks, ("", "")])
        if mark == "python" and EXAMPLE.search(code)
    ]


def anchors(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    prose = BLOCK.sub("", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in HEADING.findall(prose)}


def shown(value: object) -> str:
    """A default as the page writes it."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)


PROGRAMS = [
    pytest.param(code, text, id=f"{page.relative_to(ROOT)}-{number}")
    for page in PAGES
    for number, (code, text) in enumerate(programs(page), 1)
]


@pytest.fixture(params=["local", "ray"])
def on(request):
    """The backend, if it is at hand."""
    if request.param == "ray":
        pytest.importorskip("ray")
    return request.param


@pytest.mark.parametrize(("code", "output"), PROGRAMS)
def test_a_program_on_a_page_prints_what_the_page_says(code, output, on, tmp_path):
    program = code.replace('on="local"', f'on="{on}"')
    if on == "ray" and program == code:
        return  # it names no backend, so it was run already
    script = tmp_path / "program.py"
    script.write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (done.returncode, done.stdout) == (0, output), done.stderr
    assert list(tmp_path.iterdir()) == [script]


def test_the_first_actor_takes_at_most_fifteen_lines():
    code, output = programs(README)[0]
    assert len(code.splitlines()) <= 15
    assert output


def test_an_application_is_simulated_in_less_than_thirty_lines():
    (code, output), *_ = programs(ROOT / "actors" / "backends" / "simulation" / "README.md")
    assert len(code.splitlines()) < 30
    assert output


def test_what_the_page_promises_to_show_is_among_the_programs():
    together = "\n".join(code for code, _ in programs(README))
    for part in ("Supervision(", "Probe(", ".blocking()", "Settings.load("):
        assert part in together


def test_the_table_of_settings_is_that_of_the_source():
    table = "\n".join(
        f"| `{name}` | {shown(DEFAULTS[name])} | {rule.unit} | {rule.meaning} |" for name, rule in RULES.items()
    )
    assert table in README.read_text(encoding="utf-8"), f"The table should be:\n{table}"


def test_the_map_names_every_folder_of_the_runtime_and_no_other():
    named = set(re.findall(r"^\| `(\w+)/` \|", README.read_text(encoding="utf-8"), re.MULTILINE))
    assert named == {file.parent.name for file in (ROOT / "actors").glob("*/__init__.py")}


def test_there_is_one_place_for_the_measured_figures():
    text = README.read_text(encoding="utf-8")
    assert text.count("<!-- benchmarks -->") == text.count("<!-- /benchmarks -->") == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(page):
    gone = []
    for file, heading in LINK.findall(page.read_text(encoding="utf-8")):
        target = page.parent / file if file else page
        if not target.exists() or (heading and target.suffix == ".md" and heading not in anchors(target)):
            gone.append(f"{file}#{heading}" if heading else file)
    assert not gone

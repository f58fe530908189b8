"""A skipped test is named at the end of a run, and fails it where CI is set."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SKIPS = """
import sys
import pytest

def test_that_holds():
    pass

@pytest.mark.skip(reason="no such service here")
def test_of_a_service():
    pass

@pytest.mark.xfail(reason="not built yet")
def test_of_the_future():
    raise AssertionError
"""


def run(folder: Path, *arguments: str, ci: str = "", **files: str) -> subprocess.CompletedProcess[str]:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "CI": ci}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.not_proved",
        "-p",
        "no:cacheprovider",
        "--rootdir=.",
        *arguments,
    ]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)


def test_each_skipped_test_is_listed_with_its_reason_before_the_closing_line(tmp_path):
    done = run(tmp_path, test_it=SKIPS)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    start = next(number for number, line in enumerate(lines) if " Not proved in this run " in line)
    assert lines[start + 1 : start + 3] == [
        "test_it.py::test_of_a_service: no such service here",
        "test_it.py::test_of_the_future: expected to fail: not built yet",
    ]
    assert "1 passed, 1 skipped, 1 xfailed in" in lines[-1]


def test_a_run_that_skips_nothing_says_so(tmp_path):
    assert "Nothing was skipped." in run(tmp_path, test_it="def test_that_holds(): pass").stdout


def test_what_was_not_selected_is_counted(tmp_path):
    done = run(tmp_path, "-k", "holds", test_it=SKIPS)
    assert "\n2 tests: not selected\n" in done.stdout
    assert "Nothing was skipped." not in done.stdout


@pytest.mark.parametrize("ci", ["1", "true"])
def test_where_ci_is_set_a_skip_is_a_failure_and_an_expected_failure_is_not(tmp_path, ci):
    done = run(tmp_path, ci=ci, test_it=SKIPS)
    assert done.returncode == 1
    assert "was skipped where CI is set, so nothing was proved: no such service here" in done.stdout
    assert "1 passed, 1 xfailed, 1 error" in done.stdout


@pytest.mark.parametrize("ci", ["", "0", "false"])
def test_where_ci_is_not_set_a_skip_is_a_skip(tmp_path, ci):
    assert run(tmp_path, ci=ci, test_it=SKIPS).returncode == 0


def test_where_ci_is_set_a_skip_inside_a_test_or_fixture_is_a_failure(tmp_path):
    inside = "import pytest\ndef test_it(): pytest.skip('no server')"
    fixture = "import pytest\n@pytest.fixture\ndef server(): pytest.skip('no server')\ndef test_it(server): pass"
    done = run(tmp_path, ci="1", test_inside=inside, test_fixture=fixture)
    assert "1 failed, 1 error" in done.stdout


def test_where_ci_is_set_a_file_that_skips_itself_is_a_failure(tmp_path):
    done = run(tmp_path, ci="1", test_it="import pytest\npytest.importorskip('no_such_module')")
    assert done.returncode == 2
    assert "could not import 'no_such_module'" in done.stdout


def test_a_platform_bound_reason_is_allowed_only_where_it_is_true(tmp_path):
    text = "import pytest\n@pytest.mark.skip(reason='needs {}')\ndef test_it(): pass"
    linux, windows = (text.format(name) for name in ("Linux", "uvloop, which Windows has not"))
    bound = {"test_linux": sys.platform != "linux", "test_windows": sys.platform == "win32"}
    done = run(tmp_path, ci="1", test_linux=linux, test_windows=windows)
    for name, allowed in bound.items():
        assert (f"{name}.py::test_it was skipped where CI is set" not in done.stdout) == allowed

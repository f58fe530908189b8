"""Without Ray all but its backend works, and tests that need it are skipped with a word, but fail where CI is set."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

NO_RAY = """
import sys

class NoRay:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "ray":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NoRay())
"""

PROGRAM = """
import actors, actors.testing, patterns
from actors import Actor, System, call, spread

class Baker(Actor):
    @call
    def bake(self) -> str:
        return "bread"

async def main(system):
    return await (await system.spawn(Baker)).ask(Baker.bake())

print(System(on="local").run(main), System(on="simulation").run(main), "ray" in sys.modules)
"""

RUN = """
import pytest
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-k", "not simulation", *sys.argv[1:]]))
"""


def without_ray(program: str, *arguments: str, ci: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", NO_RAY + program, *arguments]
    environ = {**os.environ, "CI": ci}
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)


def test_actors_the_local_and_the_simulated_backend_need_no_ray():
    done = without_ray(PROGRAM)
    assert done.stdout == "bread bread False\n", done.stderr


FILES = (
    "tests/contract/test_interleaving.py",
    "tests/ray/test_store.py",
    "tests/ray/membership/test_losing_the_directory.py",
)


def test_tests_that_need_ray_are_skipped_with_a_word():
    done = without_ray(RUN, *FILES)
    assert done.returncode == 0, done.stdout
    named = [line for line in done.stdout.splitlines() if line.endswith("needs Ray, which is not installed")]
    for file in FILES:
        assert any(file in line for line in named), done.stdout
    assert " passed" in done.stdout
    assert "error" not in done.stdout.splitlines()[-1]


def test_they_fail_where_ci_is_set():
    _, file, _ = FILES
    done = without_ray(RUN, file, ci="true")
    assert done.returncode not in {0, 5}
    assert f"{file} was skipped where CI is set, so nothing was proved: needs Ray, which is not" in done.stdout

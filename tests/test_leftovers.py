"""A test that leaves tasks, threads or processes behind fails; one that cleans up does not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
START = """
import asyncio, subprocess, sys, threading
import pytest

LET_GO = threading.Event()
STARTED = []

async def for_ever():
    await asyncio.get_running_loop().create_future()
"""


def run(folder: Path, body: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(START + body, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n  leaves_behind\n", encoding="utf-8")
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-p", "tests.leftovers", "-p", "no:cacheprovider", "-q"]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)


def test_a_task_that_still_runs_when_the_loop_ends_fails_the_test(tmp_path):
    done = run(
        tmp_path,
        """
def test_it():
    async def main():
        STARTED.append(asyncio.create_task(for_ever(), name="left-over"))
        await asyncio.sleep(0)
    asyncio.run(main())
""",
    )
    assert done.returncode == 1
    assert "still running: <Task pending name='left-over'" in done.stdout


def test_a_task_that_failed_and_was_never_looked_at_fails_the_test(tmp_path):
    done = run(
        tmp_path,
        """
async def fails():
    raise ValueError("unseen")

def test_it():
    async def main():
        asyncio.create_task(fails())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    asyncio.run(main())
""",
    )
    assert done.returncode == 1
    assert "asyncio: Task exception was never retrieved" in done.stdout


@pytest.mark.parametrize(
    "body",
    [
        "def test_it(): asyncio.run(asyncio.sleep(0))",
        """
def test_it():
    with asyncio.Runner() as runner:
        runner.run(asyncio.sleep(0))
    runner.close()
""",
        """
def test_it():
    async def main():
        task = asyncio.create_task(for_ever())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.to_thread(int)
    asyncio.run(main())
""",
        """
def test_it():
    thread = threading.Thread(target=int)
    thread.start()
""",
        """
def test_it():
    subprocess.run([sys.executable, "-c", ""], check=True)
""",
    ],
)
def test_what_cleans_up_passes(tmp_path, body):
    done = run(tmp_path, body)
    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout


def test_a_marked_test_may_leave_tasks(tmp_path):
    done = run(
        tmp_path,
        """
@pytest.mark.leaves_behind("the point of the test")
def test_it():
    async def main():
        STARTED.append(asyncio.create_task(for_ever()))
        await asyncio.sleep(0)
    asyncio.run(main())
""",
    )
    assert done.returncode == 0, done.stdout


def test_a_failed_test_fails_once(tmp_path):
    done = run(
        tmp_path,
        """
def test_it():
    async def main():
        STARTED.append(asyncio.create_task(for_ever()))
        await asyncio.sleep(0)
        raise ValueError("the news")
    asyncio.run(main())
""",
    )
    assert "1 failed in" in done.stdout


@pytest.fixture
def shorter(tmp_path):
    """Do not wait the whole grace for what never ends."""
    (tmp_path / "conftest.py").write_text("from tests import leftovers\nleftovers.GRACE = 0.05\n", encoding="utf-8")
    return tmp_path


@pytest.mark.usefixtures("shorter")
def test_a_thread_that_goes_on_fails_the_file(tmp_path):
    done = run(
        tmp_path,
        """
def test_it():
    STARTED.append(threading.Thread(target=LET_GO.wait, name="left-over", daemon=True))
    STARTED[0].start()

@pytest.fixture(autouse=True, scope="session")
def let_go():
    yield
    LET_GO.set()
""",
    )
    assert "1 passed, 1 error" in done.stdout
    assert "thread left-over" in done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
@pytest.mark.usefixtures("shorter")
def test_a_child_process_that_goes_on_fails_the_file(tmp_path):
    done = run(
        tmp_path,
        """
def test_it():
    STARTED.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))

@pytest.fixture(autouse=True, scope="session")
def let_go():
    yield
    STARTED[0].communicate(b"\\n")
""",
    )
    assert "1 passed, 1 error" in done.stdout
    assert "input()" in done.stdout

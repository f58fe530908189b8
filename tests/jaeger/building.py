"""A real Jaeger for the tests that need one: on the path, in the cache, or built by Go while the other tests run.

The build is of a pinned version with pinned sums (go.mod and go.sum beside this file), takes about 10 minutes of
processor time once, and is kept outside the tree. It runs at the lowest priority from the beginning of the run; the
tests that need Jaeger are among the last, and wait for it.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.leftovers import shared_by_all_files

VERSION = "2.13.0"
"""The version of Jaeger that `go.mod` names v1.76.0, after its libraries."""

HERE = Path(__file__).parent
MODULE = "github.com/jaegertracing/jaeger/cmd/jaeger"

PATIENCE = 1800.0
"""Seconds that a test waits for the build: on a busy machine it takes its time."""


class Building:
    """One build, which may be under way."""

    def __init__(self) -> None:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "understudy"
        self.target = cache / f"jaeger-{VERSION}"
        self.log = cache / f"jaeger-{VERSION}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def found(self) -> Path | None:
        """The binary, if there is one."""
        on_path = shutil.which("jaeger")
        if on_path is not None:
            return Path(on_path)
        return self.target if self.target.exists() else None

    def go(self) -> str | None:
        """The Go tool chain, if there is one."""
        return shutil.which("go") or shutil.which("/usr/local/go/bin/go")

    def begin(self) -> None:
        """Begin to build, unless there is nothing to build, or nothing to build it with."""
        go = self.go()
        if self.found() is not None or self._process is not None or go is None:
            return
        self.target.parent.mkdir(parents=True, exist_ok=True)
        print(
            f"\nBuilding Jaeger {VERSION} in the background; once, some minutes. It will be {self.target}.",
            file=sys.__stderr__,
            flush=True,
        )
        part = self.target.with_suffix(f".part{os.getpid()}")
        build = f'"{go}" build -trimpath -ldflags "-s -w" -o "{part}" {MODULE} && mv "{part}" "{self.target}"'
        steps = f'[ -e "{self.target}" ] || {{ {build}; }}'
        # Each process that shares the tests begins one; one of them builds, and the others then find it there.
        one_at_a_time = ["flock", str(self.target.with_suffix(".lock"))] if shutil.which("flock") else []
        with self.log.open("ab") as log, shared_by_all_files():
            self._process = subprocess.Popen(
                ["nice", "-n", "19", *one_at_a_time, "sh", "-c", steps],
                cwd=HERE,
                env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self) -> Path:
        """The binary, once it is there; skips the test where there can be none."""
        self.begin()
        until = time.monotonic() + PATIENCE
        while (found := self.found()) is None:
            if self._process is None:
                pytest.skip("needs a jaeger on the path, or Go to build one, so nothing is proved about Jaeger here")
            if self._process.poll() is not None and self.found() is None:
                pytest.fail(f"Jaeger could not be built:\n{self.log.read_text()[-3000:]}")
            if time.monotonic() > until:
                pytest.fail(f"Jaeger was not built within {PATIENCE:.0f} s; see {self.log}")
            time.sleep(0.5)  # another run may be building it, and tells nobody
        return found

    def end(self) -> None:
        """The run is over: a build that nobody waited for goes on without it, and the next run has it."""
        if self._process is not None:
            self._process.returncode = self._process.poll() or 0  # or Python would warn that it still runs


building = Building()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin early, if any chosen test needs it."""
    chosen = any("jaeger" in getattr(item, "fixturenames", ()) for item in session.items)
    if chosen and not session.config.option.collectonly:
        building.begin()


def pytest_unconfigure() -> None:
    """Let go of it."""
    building.end()

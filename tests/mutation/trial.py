"""A trial runs tests with one module replaced by a mutant, in a fork that has pytest loaded and nothing of ours."""

import importlib.abc
import importlib.machinery
import math
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Literal

import msgspec  # noqa: F401  (loaded once, for all forks)
import pytest
import uvloop  # noqa: F401
from hypothesis import HealthCheck, Phase, settings

Outcome = Literal["killed", "timed out", "survived"]
# Nobody reads why a mutant fails: no rewritten asserts, no smallest example.
PYTEST = ["-x", "-q", "-p", "no:cacheprovider", "--assert=plain", "--hypothesis-profile=mutation"]
settings.register_profile(
    "mutation",
    phases=[Phase.explicit, Phase.generate],
    database=None,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
NO_TESTS = 5


class Planted(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module in a text instead of its file."""

    def __init__(self, module: str, file: Path, source: str) -> None:
        self.module = module
        self.file = file
        self.source = source

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.module:
            return None
        package = self.file.name == "__init__.py"
        spec = importlib.machinery.ModuleSpec(fullname, self, origin=str(self.file), is_package=package)
        if package:
            spec.submodule_search_locations = [str(self.file.parent)]
        return spec

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(self.file)
        exec(compile(self.source, str(self.file), "exec"), module.__dict__)


def module_of(file: Path) -> str:
    """The name under which a file is imported, from the folder where the trial runs."""
    return ".".join(file.with_suffix("").parts).removesuffix(".__init__")


def attempt(
    file: Path, source: str, tests: Sequence[str], patience: float, busy: float = 600.0
) -> tuple[Outcome, float]:
    """Run the tests with the file's module made from this source; how that ended, and the seconds it took.

    They have timed out after `patience` seconds by the clock, or when they have kept a processor busy for `busy`.
    """
    assert module_of(file) not in sys.modules
    began = time.monotonic()
    pid = os.fork()
    if not pid:
        _run(file, source, tests, busy)
    watched = os.pidfd_open(pid)
    ended = bool(select.select([watched], [], [], patience)[0])
    os.close(watched)
    if not ended:
        os.killpg(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    took = time.monotonic() - began
    if status == NO_TESTS:
        raise LookupError(f"There are no tests in {' '.join(tests)}.")
    if not ended or status == -signal.SIGXCPU:
        return "timed out", took
    return ("killed" if status else "survived"), took


def _run(file: Path, source: str, tests: Sequence[str], busy: float) -> None:
    """In the fork."""
    code = 70
    try:
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(busy), math.ceil(busy) + 5))
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nowhere, stream)
        sys.dont_write_bytecode = True
        sys.meta_path.insert(0, Planted(module_of(file), file, source))
        code = int(pytest.main([*PYTEST, *tests]))
    finally:
        os._exit(code)

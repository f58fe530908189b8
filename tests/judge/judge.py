"""The outside judge is a program in Go around Porcupine; it is built once for each state of its source.

The program lies in a cache outside the tree. Its first build fetches one module, which `go.sum` pins.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

import msgspec

SOURCE = Path(__file__).parent / "program"
BUILD_PATIENCE = 300.0
PATIENCE = 120.0


class Counts(msgspec.Struct, frozen=True):
    """What there was to judge; see `weight` in the program."""

    ok: int
    fail: int
    unknown: int
    dropped: int
    keys: int
    processes: int
    overlapping: int
    faults: int


class Verdict(msgspec.Struct, frozen=True):
    """What the judge says of a history."""

    verdict: Literal["ok", "illegal", "unknown"]
    model: str
    why: list[str]
    counts: Counts
    seconds: float

    def __str__(self) -> str:
        return f"{self.model}: {self.verdict} in {self.seconds:.3f} s, {self.counts}\n" + "\n".join(self.why)


class NoHistory(Exception):
    """The judge was given something that is no history of the object."""


class NoJudge(Exception):
    """The judge cannot be built here, for want of Go or of the module; says which."""


class Judge:
    """The built program."""

    def __init__(self, program: Path) -> None:
        self.program = program

    def judge(self, model: str, *paths: Path, ok: int, overlapping: int, faults: int, **options: Any) -> Verdict:
        """The verdict on a history, in files or folders, that must have at least so much to be judged.

        Of an illegal history in a folder a picture is left there: `illegal.html`. Raises NoHistory.
        """
        least = ["-ok", ok, "-overlapping", overlapping, "-faults", faults]
        if paths[0].is_dir():
            least += ["-picture", paths[0] / "illegal.html"]
        for name, value in options.items():
            least += [f"-{name}", value]
        command = [self.program, "-model", model, *least, *paths]
        done = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        if done.returncode == 3:
            raise NoHistory(done.stderr.strip())
        assert done.returncode in {0, 1, 2}, done.stderr
        return msgspec.json.decode(done.stdout, type=Verdict)


def go() -> str:
    """The Go tool; NoJudge without one."""
    found = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin:/usr/lib/go/bin")
    if found is None:
        raise NoJudge("needs Go, to build the judge of histories")
    return found


def run_go(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the Go tool on the judge's source. It is not to fetch another Go than the one that is here."""
    environ = {**os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off"}
    return subprocess.run(
        [go(), *arguments],
        cwd=SOURCE,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=BUILD_PATIENCE,
    )


def unformatted() -> str:
    """The files that `gofmt` would write in another way."""
    gofmt = Path(run_go("env", "GOROOT").stdout.strip()) / "bin" / "gofmt"
    return subprocess.run([str(gofmt), "-l", "."], cwd=SOURCE, capture_output=True, text=True, check=True).stdout


def build(cache: Path | None = None) -> Judge:
    """Build the judge, unless this source was built before; NoJudge if Go or the module cannot be had."""
    version = run_go("version").stdout
    digest = hashlib.sha256(version.encode())
    for file in sorted(SOURCE.iterdir()):
        digest.update(f"{file.name} {file.stat().st_size}\n".encode() + file.read_bytes())
    folder = (cache or _cache()) / digest.hexdigest()[:24]
    program = folder / ("judge.exe" if sys.platform == "win32" else "judge")
    if program.exists():
        return Judge(program)
    fetched = run_go("mod", "download")
    if fetched.returncode:
        raise NoJudge(f"needs the Go module of the judge, which cannot be fetched: {fetched.stderr.strip()[:200]}")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        built = Path(place) / program.name
        done = run_go("build", "-trimpath", "-o", str(built), ".")
        assert done.returncode == 0, done.stderr  # Go is there, so the fault is ours
        built.replace(program)  # whole or not at all, whoever else builds it now
    return Judge(program)


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "understudy" / "judge"

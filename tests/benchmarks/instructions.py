"""How many instructions a program executes: by the processor's own count, else by Valgrind's."""

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

from tests.benchmarks.run import Missing

COUNTED = Path(__file__).with_name("counted.py")
PROCESSOR = ("perf", "stat", "-x", ",", "-e", "instructions:u")
VALGRIND = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")
BY_PROCESSOR = re.compile(r"^(\d+),.*instructions", re.MULTILINE)
BY_VALGRIND = re.compile(r"Collected : (\d+)")


async def per_tell(folder: Path, count: int) -> float:
    """Instructions per local tell with the `actors` in a folder: what a second half adds, so without those of starting.

    Raises Missing where nothing can count them.
    """
    return (await _counted(folder, 2 * count) - await _counted(folder, count)) / count


async def _counted(folder: Path, count: int) -> int:
    for tool, found in ((PROCESSOR, BY_PROCESSOR), (VALGRIND, BY_VALGRIND)):
        if shutil.which(tool[0]) is None:
            continue
        process = await asyncio.create_subprocess_exec(
            *tool, sys.executable, str(COUNTED), str(count),
            env={**os.environ, "PYTHONPATH": str(folder), "PYTHONHASHSEED": "0"},
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        _, text = await process.communicate()
        number = found.search(text.decode(errors="replace"))
        if number is not None and process.returncode == 0:
            return int(number[1])
    raise Missing("needs perf with a counter of instructions, or valgrind.")

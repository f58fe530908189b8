"""A process that stands by and measures when told, so that rounds in other processes can be interleaved with ours.

Told and answering by lines of JSON on its standard input and output; it ends when its input does. This file uses the
standard library only, because peers run it under other interpreters.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TextIO

ROOT = Path(__file__).parents[2]
"""The folder from which `tests.benchmarks` can be imported."""

PATIENCE = 20.0
"""Seconds that a process has to close what it opened, before it is killed."""

Verbs = Mapping[str, Callable[..., Awaitable[Any]]]
"""What a process can be told: coroutine functions that take and return what JSON can hold."""


class Process:
    """A process that stands by; made by `standing_by`."""

    def __init__(self, process: asyncio.subprocess.Process, name: str) -> None:
        self._process = process
        self._name = name

    async def tell(self, verb: str, *arguments: Any) -> Any:
        """Have it do something, and return what it answers. Raises RuntimeError with the other's error."""
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: PT018
        self._process.stdin.write(json.dumps([verb, *arguments]).encode() + b"\n")
        return await self.answer()

    async def answer(self) -> Any:
        """Its next answer."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._name} ended without an answer; what it wrote stands above.")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{self._name}: {answer['error']}")
        return answer["value"]

    def contest(self, verb: str, *arguments: Any) -> Callable[[int], Awaitable[float]]:
        """A contestant: has it do so many of something, and returns the seconds that it counted."""

        async def contest(count: int) -> float:
            return float(await self.tell(verb, *arguments, count))

        return contest


@asynccontextmanager
async def standing_by(
    module: str, *arguments: str, python: str = sys.executable, environment: Mapping[str, str] | None = None
) -> AsyncGenerator[Process]:
    """Start `python -m module arguments`, wait until it is ready, and end it afterwards.

    `environment` is added to ours. Raises RuntimeError if it ends before it is ready.
    """
    process = await asyncio.create_subprocess_exec(
        python, "-m", module, *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=ROOT, limit=2**24,
        env={**os.environ, **(environment or {})},
    )  # fmt: skip
    try:
        standing = Process(process, module.rpartition(".")[2])
        await standing.answer()
        yield standing
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), PATIENCE)
        except TimeoutError:
            process.kill()
            await process.wait()


def private_output() -> TextIO:
    """The standard output, for us alone: what else is printed in this process goes to standard error from now on."""
    output = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return output


async def serve(verbs: Verbs, output: TextIO) -> None:
    """Say that everything is ready, then do what the lines of standard input say, until it ends."""
    print(json.dumps({"value": "ready"}), file=output)
    while line := await asyncio.to_thread(sys.stdin.readline):
        verb, *arguments = json.loads(line)
        try:
            answer = {"value": await verbs[verb](*arguments)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=output)

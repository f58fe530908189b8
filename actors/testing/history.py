"""A history: what clients asked and what they heard, with times, for a judge who was not there.

    with History(folder / "one.jsonl") as history:
        client = history.client("one")
        await client.ask(register, Register.write("x", 5))

Each line of the file is one event, a JSON object:

    {"event":"invoke","process":"one","number":1,"operation":"write","argument":{"key":"x","value":5},"time":...}
    {"event":"ok","process":"one","number":1,"result":null,"time":...}

An operation ends as `ok`, as `fail` (it did not run) or as `unknown` (it may have run, or may still run); one without
an end is unknown as well. An invoke is in the file before the request is sent, so no request is missing, whatever kills
the process. That holds for the end of the process, not for that of the machine: nothing waits for the disk.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, cast

import msgspec

from actors.errors import AskError
from actors.ref import DEFAULT_TIMEOUT

if TYPE_CHECKING:
    from types import TracebackType

    from actors.messages.call import Call
    from actors.messages.message import Asks
    from actors.ref import Ref

A = TypeVar("A")
R = TypeVar("R")


def outcome_of(error: BaseException) -> Literal["fail", "unknown"]:
    """What an error says of an operation: `fail` where it surely did not run (`ran` is "no"), otherwise `unknown`.

    A handler that raised has run up to some point, so its effect is not known either.
    """
    return "fail" if isinstance(error, AskError) and error.ran == "no" else "unknown"


class Operation:
    """One operation that has begun. The first end counts; one that never gets an end is unknown."""

    __slots__ = ("_client", "_number", "_open")

    def __init__(self, client: "Client", number: int) -> None:
        self._client = client
        self._number = number
        self._open = True

    def ok(self, result: object = None) -> None:
        """It ran, with this result."""
        self._end("ok", result=_plain(result))

    def fail(self, error: BaseException | str) -> None:
        """It did not run, and never will."""
        self._end("fail", error=_name(error))

    def unknown(self, error: BaseException | str) -> None:
        """Nobody can say whether it ran, or will."""
        self._end("unknown", error=_name(error))

    def _end(self, event: str, **said: object) -> None:
        if self._open:
            self._open = False
            client = self._client
            client.history.write(event, process=client.process, number=self._number, **said)


class Client:
    """One process of a history, which does one operation after the other. Get it from `history.client(name)`."""

    __slots__ = ("_numbers", "history", "process")

    def __init__(self, history: "History", process: str) -> None:
        self.history = history
        self.process = process
        self._numbers = count(1)

    async def ask(
        self, ref: "Ref[A]", request: "Asks[R] | Call[A, R]", *, timeout: float | None = DEFAULT_TIMEOUT
    ) -> R:
        """As `ref.ask`, and recorded: the operation is the request's name, its argument the request's fields.

        Raises what `ref.ask` raises.
        """
        operation = self.invoke(type(request).__name__, request)
        try:
            answer = ref.ask(request, timeout=timeout)
        except BaseException as error:  # raised in the call, so nothing was sent
            operation.fail(error)
            raise
        try:
            result = await answer
        except BaseException as error:
            end = operation.fail if outcome_of(error) == "fail" else operation.unknown
            end(error)
            raise
        operation.ok(result)
        return result

    def invoke(self, operation: str, argument: object = None) -> Operation:
        """Record that an operation begins; call this before anything is sent, and end what it returns."""
        number = next(self._numbers)
        self.history.write(
            "invoke", process=self.process, number=number, operation=operation, argument=_plain(argument)
        )
        return Operation(self, number)


class History:
    """One file of a history: the events of some clients, all in one OS process. A whole history is a folder of such.

    clock: nanoseconds on a clock that never goes back and that all files of the history share. The default is one for
    all processes of a machine (on Linux, macOS and Windows); in simulated time, give the system's.
    Raises FileExistsError for a file that is there already: two histories are never mixed.
    """

    def __init__(self, path: Path | str, *, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self.clock = clock
        self._file = Path(path).open("xb", buffering=0)  # noqa: SIM115  (it is closed by `close`)
        self._names: set[str] = set()

    def client(self, process: str) -> Client:
        """A client of this name, which must be the only one in the whole history; ValueError if it is not in this file.

        After a restart take another name: what the earlier one had under way may still take effect.
        """
        if process in self._names:
            message = f"This history has a client {process!r} already. A process is one client: take another name."
            raise ValueError(message)
        self._names.add(process)
        return Client(self, process)

    def fault(self, fault: str, *, lost: Sequence[str] = ()) -> None:
        """Record that something is about to be done to the system, and which clients it ends. Call this before it is.

        What a client that is lost has held (a lock, a permit) may be free from then on.
        """
        self.write("fault", fault=fault, lost=list(lost))

    def write(self, event: str, **said: object) -> None:
        """Add one line, with the time; it is with the operating system when this returns. OSError if that fails."""
        line = msgspec.json.encode({"event": event, **said, "time": self.clock()}) + b"\n"
        written = self._file.write(line)
        if written != len(line):
            message = f"Only {written} of {len(line)} bytes of the history {self._file.name} were written: disk full?"
            raise OSError(message)

    def close(self) -> None:
        """End the file; what has no end yet remains unknown."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        self.close()


def _name(error: BaseException | str) -> str:
    return error if isinstance(error, str) else type(error).__name__


def _plain(value: object) -> Any:
    """The value as JSON has it; what JSON has no form for is its repr, so a reply is never lost for its looks."""
    with suppress(TypeError, ValueError, RecursionError):
        return msgspec.to_builtins(value, str_keys=True, enc_hook=_hook)
    return repr(value)


def _hook(value: Any) -> Any:
    dump = getattr(value, "model_dump", None)
    return cast("Any", dump()) if callable(dump) else repr(value)

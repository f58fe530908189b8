"""An instrument that writes down what it is told, and heads messages with numbers: for tests of the runtime."""

import threading
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

from actors import Delivered, Event, Operation, Place, Subject, Verb

current: ContextVar[bytes] = ContextVar("recorder_current", default=b"")


class Line:
    """One observation."""

    def __init__(self, recorder: "Recorder", what: str, parent: bytes | None, *facts: Any) -> None:
        recorder.numbers += 1
        self.recorder = recorder
        self.what = what
        self.parent = parent or b""
        self.header = f"{recorder.place.seat}.{recorder.numbers}".encode()
        self.facts = facts
        self.ended = 0
        self.error: BaseException | None = None
        self.token: Any = None
        recorder.lines.append(self)

    def end(self, error: BaseException | None = None, /) -> None:
        self.ended += 1
        self.error = error
        if self.token is not None:
            current.reset(self.token)
            self.token = None

    def entered(self) -> "Line":
        self.token = current.set(self.header)
        return self


class Recorder:
    """The double: `gaps`, then `watches` say which messages from outside are watched; `faulty` which methods raise."""

    def __init__(
        self, place: Place, *, watches: bool = True, gaps: Sequence[int] = (), faulty: frozenset[str] = frozenset()
    ) -> None:
        self.place = place
        self.watches = watches
        self.gaps = iter(gaps)
        self.faulty = faulty
        self.lines: list[Line] = []
        self.events: list[Event] = []
        self.numbers = 0
        self.closed = 0.0

    def _try(self, method: str) -> None:
        if method in self.faulty:
            raise RuntimeError(f"planted in {method}")

    def prepare(self) -> None:
        self._try("prepare")

    def current(self) -> bool:
        self._try("current")
        return bool(current.get())

    def gap(self) -> int:
        self._try("gap")
        return next(self.gaps, 0 if self.watches else 10**9)

    def sends(self, verb: Verb, message: object, sender: Subject | None, target: Any, parent: bytes | None) -> Any:
        self._try("sends")
        parent = current.get() or parent
        return Line(self, f"{verb.value} {type(message).__name__}", parent, sender.kind.__name__ if sender else None)

    def hides(self) -> bytes:
        return b"hidden"

    def schedules(self) -> bytes:
        return current.get()

    def handles(self, delivered: Delivered, subject: Subject) -> Any:
        self._try("handles")
        if delivered.header == b"hidden":
            return None
        what = f"handle {type(delivered.message).__name__}"
        return Line(self, what, delivered.header, subject.kind.__name__, delivered).entered()

    def happens(self, event: Event) -> None:
        self._try("happens")
        self.events.append(event)

    def operates(self, operation: Operation) -> Any:
        self._try("operates")
        parent = operation.parent
        if operation.carrier is not None:
            parent = operation.carrier.get("parent", "").encode()
        if parent is None and not operation.root:
            parent = current.get()
        return Line(self, f"{operation.role.value} {operation.name}", parent, operation).entered()

    def carrier(self) -> dict[str, str]:
        return {"parent": current.get().decode()}

    def close(self, seconds: float) -> None:
        self.closed = seconds
        self.thread = threading.current_thread()

    # ---- for looking ------------------------------------------------------------------------------------------------

    def said(self) -> list[str]:
        return [line.what for line in self.lines]

    def line(self, what: str) -> Line:
        [found] = [line for line in self.lines if line.what == what]
        return found

    def all(self, what: str) -> list[Line]:
        return [line for line in self.lines if line.what == what]


class Recorders:
    """Opens recorders, and keeps them by seat."""

    def __init__(self, **options: Any) -> None:
        self.by_seat: dict[int, Recorder] = {}
        self._options = options

    def __call__(self, place: Place) -> Recorder:
        found = self.by_seat[place.seat] = Recorder(place, **self._options)
        return found

    @property
    def only(self) -> Recorder:
        [found] = self.by_seat.values()
        return found

"""Small histories that tests write by hand, event by event."""

import json
from itertools import count
from pathlib import Path

LEAST = {"ok": 1, "overlapping": 1, "faults": 0}
UNKNOWN, FAIL, NEVER = "unknown", "fail", "no end"


class Written:
    """A history that is written line by line; each operation is (process, begin, end, name, argument, result)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: list[dict[str, object]] = []
        self._number = count(1)

    def did(self, process: str, begin: int, end: int, name: str, result: object = None, /, **argument: object) -> None:
        who = {"process": process, "number": next(self._number)}
        argument = {"key": "k", **argument}
        self.events.append({"event": "invoke", **who, "operation": name, "argument": argument, "time": begin})
        if result is UNKNOWN or result is FAIL:
            self.events.append({"event": result, **who, "error": "TimedOut", "time": end})
        elif result is not NEVER:
            self.events.append({"event": "ok", **who, "result": result, "time": end})

    def fault(self, time: int, *lost: str) -> None:
        self.events.append({"event": "fault", "fault": "kill", "lost": lost, "time": time})

    def save(self, *, torn: str = "") -> Path:
        lines = "".join(json.dumps(event) + "\n" for event in self.events)
        self.path.write_text(lines + torn, encoding="utf-8")
        return self.path

    def companions(self, model: str) -> None:
        """Two operations on another key that overlap, so that any history has the least that is needed."""
        name, argument, results = COMPANIONS[model]
        for owner, result in zip("uv", results, strict=True):
            self.did(owner, 0, 9, name, result, **{"key": "other", "owner": owner, **argument})


COMPANIONS = {
    "register": ("write", {"value": 0}, (None, None)),
    "lock": ("acquire", {"lease": None}, (1, None)),
    "semaphore": ("acquire", {}, (True, True)),
    "queue": ("enqueue", {"value": 0}, (None, None)),
    "set": ("add", {"value": 0}, (True, False)),
}

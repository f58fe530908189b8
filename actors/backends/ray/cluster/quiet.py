"""Ray's own messages go to logging and not to the program's output, from start to close.

Ray prints long "(raylet) A worker died ..." texts on stdout, even with `log_to_driver=False`, and has no switch for
them; it prints them through one function, which is replaced here. Lines that worker processes print pass through
unchanged when they are wanted (`log_to_driver`).
"""

import logging
from typing import Any

from actors.backends.ray import internals

logger = logging.getLogger("actors.ray")


class Quiet:
    """Puts Ray's messages into the logger `actors.ray`, level INFO, while it is on; `off` restores what was."""

    def __init__(self) -> None:
        self._printer: internals.Printer | None = None
        self._level: int | None = None

    def on(self) -> None:
        """From now on Ray prints nothing but errors of its Python part, which go to standard error."""
        if self._printer is not None:
            return
        self._printer = internals.replace_printer(self._print)
        theirs = logging.getLogger("ray")
        self._level = theirs.level
        theirs.setLevel(logging.ERROR)

    def off(self) -> None:
        """Ray prints as before."""
        if self._printer is None:
            return
        internals.replace_printer(self._printer)
        self._printer = None
        if self._level is not None:
            logging.getLogger("ray").setLevel(self._level)

    def _print(self, data: dict[str, Any], ignore_prefix: bool) -> None:  # noqa: FBT001  Ray's signature
        if data.get("pid") in {"raylet", "autoscaler"}:
            for line in data.get("lines", ()):
                logger.info("Ray: %s", str(line).strip())
        elif self._printer is not None:
            self._printer(data, ignore_prefix)

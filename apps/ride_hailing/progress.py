"""What is seen of a run while it runs: one line that is redrawn on a terminal, or one line every second elsewhere."""

from typing import TextIO

from apps.ride_hailing.messages import Board
from apps.ride_hailing.pace import clock_face

BACK = "\r\x1b[2K"
"""To the beginning of the terminal's line, and clear it."""


class Progress:
    """Writes to a stream, normally stderr; a quiet one writes nothing."""

    def __init__(self, stream: TextIO, *, quiet: bool = False) -> None:
        self._stream = stream
        self._quiet = quiet
        self._redraws = stream.isatty()
        self._open = False

    def note(self, text: str) -> None:
        """A line that stays."""
        self.close()
        self._write(f"{text}\n")

    def show(self, board: Board, rate: float) -> None:
        """How the run stands, and how many messages are handled each second."""
        line = (
            f"{clock_face(board.at)}  free {board.available}/{board.signed_on}  requests {board.requests}"
            f" (searching {board.searching}, with a driver {board.driving})  served {board.completed}"
            f"  cancelled {board.cancelled}  unserved {board.no_supply}  {rate:,.0f} messages/s"
        )
        self._write(f"{BACK}{line}" if self._redraws else f"{line}\n")
        self._open = self._redraws

    def close(self) -> None:
        """End a line that is being redrawn, so that what follows stands below it."""
        if self._open:
            self._write("\n")
            self._open = False

    def _write(self, text: str) -> None:
        if not self._quiet:
            self._stream.write(text)
            self._stream.flush()

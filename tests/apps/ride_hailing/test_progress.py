"""Progress: a line that is redrawn on a terminal, lines elsewhere, nothing when quiet."""

import io
from dataclasses import replace

from apps.ride_hailing.messages import Board
from apps.ride_hailing.pace import HOUR
from apps.ride_hailing.progress import Progress

BOARD = Board(18 * HOUR, 10, 7, 5, 1, 2, 1, 1, 0, 6, 1, 900)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_elsewhere_every_look_is_a_line():
    out = io.StringIO()
    progress = Progress(out)
    progress.show(BOARD, 1234.0)
    progress.show(replace(BOARD, completed=2), 99.0)
    progress.close()
    first, second = out.getvalue().splitlines()
    assert "18:00" in first
    assert "1,234 messages/s" in first
    assert "served 2" in second


def test_on_a_terminal_one_line_is_redrawn_and_ended_before_anything_else_is_written():
    out = Terminal()
    progress = Progress(out)
    progress.show(BOARD, 1.0)
    progress.show(BOARD, 2.0)
    progress.note("done")
    assert out.getvalue().count("\r") == 2
    assert out.getvalue().endswith("messages/s\ndone\n")
    assert out.getvalue().count("\n") == 2


def test_a_quiet_one_writes_nothing():
    out = Terminal()
    progress = Progress(out, quiet=True)
    progress.note("hello")
    progress.show(BOARD, 1.0)
    progress.close()
    assert out.getvalue() == ""

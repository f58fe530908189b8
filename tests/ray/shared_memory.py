"""Segments of Ray's stores that have a name. Ray takes the name away at once, so one that keeps it was left behind."""

import time
from pathlib import Path

GRACE = 5.0


def segments() -> set[Path]:
    """All that have a name now, whoever made them."""
    return {path for path in Path("/dev/shm").iterdir() if path.name.startswith("plasma")}


def segments_that_stay(before: set[Path]) -> set[Path]:
    """Those that were not there before and keep their names: another Ray that starts now has one for a moment."""
    until = time.monotonic() + GRACE
    while (new := segments() - before) and time.monotonic() < until:
        time.sleep(0.05)  # a name that goes tells nobody
    return new

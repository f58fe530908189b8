"""The clock of hosts, clients and directory: seconds that never go back and count suspend (rule A16).

All processes of one machine read the same clock, so that a deadline means the same in each of them (rule A30).
"""

import time
from collections.abc import Callable
from functools import partial

clock: Callable[[], float] = (
    partial(time.clock_gettime, time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic
)

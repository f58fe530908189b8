"""A stopped process does nothing, in none of its threads, once `stop` has returned."""

import os
import signal
import subprocess
import sys

import pytest

from tests.standstill import stop

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

WRITERS = """
import os, threading
def write():
    while True:
        os.write(1, b".")
for _ in range(8):
    threading.Thread(target=write).start()
"""


def test_a_stopped_process_writes_nothing_more_until_it_is_let_go_on() -> None:
    with subprocess.Popen([sys.executable, "-c", WRITERS], stdout=subprocess.PIPE) as writers:
        assert writers.stdout is not None
        try:
            out = writers.stdout.fileno()
            assert os.read(out, 1)
            stop(writers.pid)
            os.set_blocking(out, False)
            while True:
                try:
                    os.read(out, 65536)
                except BlockingIOError:  # the pipe is empty, and it stays so
                    break
            for _ in range(1000):
                with pytest.raises(BlockingIOError):
                    os.read(out, 1)
            os.set_blocking(out, True)
            writers.send_signal(signal.SIGCONT)
            assert os.read(out, 1)
        finally:
            writers.kill()

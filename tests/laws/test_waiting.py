"""Over many seeds each true cycle of asks is found and nobody else is; a detector with a planted bug breaks a law."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest

from actors.mail.activity import running
from actors.post.deadlocks import Deadlocks
from actors.supervising.signals import Probe
from tests.laws.waiting import main, violations

SEEDS = 200
WITHIN = 1000


@contextmanager
def whatever_is_asked_is_awaited() -> Generator[None]:
    """Every ask of a handler counts, also beside others and in tasks."""

    def asker_of(self: Deadlocks, future: Any) -> Any:
        waiters = [] if future is None or future.done() else future._callbacks or []
        cells = [variables.get(running).cell for _, variables in waiters]
        return next((cell for cell in cells if cell is not None and cell.alone), None)

    with patch.object(Deadlocks, "_asker_of", asker_of):
        yield


@contextmanager
def one_round_is_enough() -> Generator[None]:
    """The second round is believed to be as the first, and every request to wait in a mailbox."""

    def again(self: Deadlocks, number: int, probe: Probe) -> None:
        self._judge(probe.path, list(range(len(probe.path))))

    with patch.object(Deadlocks, "_again", again):
        yield


@contextmanager
def probes_are_lost() -> Generator[None]:
    """What comes from another host is not looked at."""
    with patch.object(Deadlocks, "_seek", lambda self, number, path: None):
        yield


@contextmanager
def nothing_is_withdrawn() -> Generator[None]:
    """Whoever asked is told that the request has not run, and it runs."""
    end = Deadlocks._end

    def ended(self: Deadlocks, cell: Any, cycle: Any) -> None:
        envelope, _ = self._request(cell, cycle[0]) or (None, False)
        deadline = envelope.deadline if envelope is not None else None
        end(self, cell, cycle)
        if envelope is not None:
            envelope.deadline = deadline

    with patch.object(Deadlocks, "_end", ended):
        yield


@contextmanager
def what_is_awaited_later_is_not_seen() -> Generator[None]:
    """A host looks three times after an ask, which may not be awaited yet."""
    with patch("actors.post.deadlocks.LOOKS", 2):
        yield


BUGS = (
    whatever_is_asked_is_awaited,
    one_round_is_enough,
    probes_are_lost,
    nothing_is_withdrawn,
    what_is_awaited_later_is_not_seen,
)


def test_no_seed_breaks_a_law(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", str(SEEDS)]) == 0, capsys.readouterr().out
    assert sum(violations(seed).cycles for seed in range(10)) > 10


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_found(bug: Callable[[], Any]) -> None:
    with bug():
        assert any(violations(seed)[0] for seed in range(WITHIN))

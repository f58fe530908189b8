"""Fault plans as a strategy for Hypothesis, which finds a small plan by itself. Needs Hypothesis."""

from typing import TYPE_CHECKING

from actors.backends.simulation.faults import Crash, Cut, FaultPlan, Lag, Pause, Reset, Slow

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def fault_plans(*, hosts: int = 3, seconds: float = 1.0, most: int = 4) -> "SearchStrategy[FaultPlan]":
    """Plans of up to `most` faults on this many hosts, which begin within these seconds and last no longer."""
    from hypothesis import strategies as st

    def time(limit: float) -> "SearchStrategy[float]":
        return st.integers(0, int(limit * 1000)).map(_seconds)

    at, lasts = time(seconds), time(seconds)
    host, place = st.integers(1, hosts), st.integers(0, hosts)
    pair = st.tuples(place, place).filter(_different)
    return st.lists(
        st.one_of(
            pair.flatmap(lambda it: st.builds(Reset, at, st.just(it[0]), st.just(it[1]))),
            st.builds(Pause, at, host, lasts),
            st.builds(Slow, at, host, lasts),
            pair.flatmap(lambda it: st.builds(Lag, at, st.just(it[0]), st.just(it[1]), lasts, time(0.5))),
            pair.flatmap(lambda it: st.builds(Cut, at, st.just((it[0],)), st.just((it[1],)), lasts, st.booleans())),
            st.builds(Crash, at, host, lasts),
        ),
        max_size=most,
    ).map(tuple)


def _seconds(milliseconds: int) -> float:
    return milliseconds / 1000


def _different(pair: tuple[int, int]) -> bool:
    return pair[0] != pair[1]

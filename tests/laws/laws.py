"""The laws: what every run must have kept, whatever went wrong. Each returns what breaks it, in words."""

from collections.abc import Callable, Iterator

from tests.laws.journal import Journal, Life
from tests.laws.play import DEADLINE

Law = Callable[[Journal], Iterator[str]]

SLACK = 0.1
"""Seconds by which an ask may miss its deadline."""


def order_is_kept(journal: Journal) -> Iterator[str]:
    """What one life tells another is handled in the order in which it was told, each at most once (A25)."""
    last: dict[tuple[Life, int], int] = {}
    for (life, to, seq), by in journal.handled:
        before = last.get((life, to), 0)
        if seq == before:
            yield f"{by} handled word {seq} of {life} twice"
        elif seq < before:
            yield f"{by} handled word {seq} of {life} after word {before}"
        last[life, to] = max(seq, before)


def nothing_is_lost_silently(journal: Journal) -> Iterator[str]:
    """What was told is handled, or a dead letter, unless a host was lost (A28)."""
    handled = {it.told for it in journal.handled}
    for told in journal.told:
        lost = told.life.player in journal.unsafe or told.to in journal.unsafe
        if not lost and told not in handled and not journal.letters[told]:
            yield f"{told} vanished"


def every_ask_has_one_outcome(journal: Journal) -> Iterator[str]:
    """An ask ends once, in time, and says truly whether its request ran (A29)."""
    for number in journal.asked:
        answers = journal.answers[number]
        if len(answers) != 1:
            yield f"ask {number} has {len(answers)} outcomes"
            continue
        kind, ran, value, seconds = answers[0]
        if kind == "reply" and value != 2 * number:
            yield f"ask {number} was replied {value!r}"
        if ran == "no" and journal.ran[number]:
            yield f"ask {number} ended with {kind}, which says that it did not run; it ran"
        if ran == "yes" and not journal.ran[number]:
            yield f"ask {number} ended with {kind}, which says that it ran; it did not"
        if seconds > DEADLINE + SLACK:
            yield f"ask {number} ended after {seconds} s"
    for number, times in journal.ran.items():
        if times > 1:
            yield f"ask {number} ran {times} times"


def every_watch_ends_once(journal: Journal) -> Iterator[str]:
    """Each watch on what has ended has exactly one Terminated, if its watcher lives (A22, A23)."""
    for life, player in sorted(journal.watches):
        count = journal.ended[life, player]
        if count > 1 or (count == 0 and life.player not in journal.unsafe):
            yield f"the watch of {life} on {player} has {count} ends"
    if journal.left_watches:
        yield f"{journal.left_watches} watches are left when everybody has ended"


def the_end_comes_last(journal: Journal) -> Iterator[str]:
    """After Terminated nothing comes of that incarnation (A24)."""
    yield from journal.after_end


def timers_die_with_their_incarnation(journal: Journal) -> Iterator[str]:
    """A tick is handled by the life whose timer it was (A47)."""
    for timer, by in journal.ticks:
        if timer != by:
            yield f"{by} handled a tick of {timer}"


def no_life_acts_after_its_successor(journal: Journal) -> Iterator[str]:
    """Once a newer life of a player has acted, no older one does (A16, A20)."""
    newest: dict[int, Life] = {}
    for life in journal.acts:
        known = newest.get(life.player, life)
        if life < known:
            yield f"{life} acted after {known}"
        newest[life.player] = max(life, known)


def the_lock_has_one_holder(journal: Journal) -> Iterator[str]:
    """Between two grants the first holder has released it, or has ended."""
    holder: int | None = None
    for what, number in journal.grants:
        if what == "grant":
            if holder is not None:
                yield f"{number} got the lock while {holder} held it"
            holder = number
        elif number == holder:
            holder = None


LAWS: tuple[Law, ...] = (
    order_is_kept,
    nothing_is_lost_silently,
    every_ask_has_one_outcome,
    every_watch_ends_once,
    the_end_comes_last,
    timers_die_with_their_incarnation,
    no_life_acts_after_its_successor,
    the_lock_has_one_holder,
)


def broken(journal: Journal) -> list[str]:
    """Every way in which a run has broken a law."""
    return [f"{law.__name__}: {text}" for law in LAWS for text in law(journal)]

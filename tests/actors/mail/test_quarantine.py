"""The quarantine of one host as data: bounded, described, and its oldest given up as a dead letter."""

from actors.address import Address
from actors.mail.dead_letters import DeadLetters, Reason
from actors.mail.quarantine import WORDS, Quarantine
from actors.supervising.signals import Failure

TARGET = Address("test", 0, 7)


def ward(bound: int, now: list[float]) -> tuple[Quarantine, DeadLetters]:
    letters = DeadLetters(lambda: now[0], kept=10, logged_per_second=0.0)
    return Quarantine(3, lambda: now[0], letters, bound=bound), letters


def test_the_one_that_has_been_there_longest_gives_way_and_is_a_dead_letter() -> None:
    now = [0.0]
    quarantine, letters = ward(2, now)
    for number in range(3):
        now[0] = float(number)
        quarantine.add(number, f"message {number}", TARGET, "eater", None, 2, Failure("ValueError", "no", "trace"))
    assert [(it.number, it.age, it.seat) for it in quarantine.entries()] == [(1, 1.0, 3), (2, 0.0, 3)]
    assert [(it.message, it.reason, it.target) for it in letters.recent] == [
        ("message 0", Reason.QUARANTINE_FULL, TARGET)
    ]


def test_of_a_long_error_the_end_is_kept() -> None:
    quarantine, _ = ward(2, [0.0])
    text = "begin" + "x" * WORDS + "end"
    quarantine.add(1, "message", TARGET, "eater", None, 2, Failure("ValueError", text, text))
    [entry] = quarantine.entries()
    assert (len(entry.traceback), entry.traceback[-3:], entry.error_text[-3:]) == (WORDS, "end", "end")


def test_what_is_dropped_is_gone_and_dropping_it_again_does_nothing() -> None:
    quarantine, letters = ward(2, [0.0])
    quarantine.add(1, "message", TARGET, "eater", None, 2, Failure("ValueError", "", ""))
    assert quarantine.drop(1)
    assert not quarantine.drop(1)
    assert (len(quarantine), len(letters.recent)) == (0, 0)

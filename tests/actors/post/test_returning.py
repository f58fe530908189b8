"""What a new host holds for actors that may be on their way back, and how long: that depends on who spawned them."""

from functools import partial

from actors.address import Sitting, first_number
from actors.post.returning import ANY_KEEPER, MAILBOXES, Returning

ADA, BOB, LATE = Sitting(0, 1), Sitting(1, 2), Sitting(2, 9)
OWN, GONE = 5, 3
BOUND = 2


def child(epoch: int, count: int = 1) -> int:
    return first_number(epoch) + count


class Held:
    """A new host's store, and what has had its turn."""

    def __init__(self) -> None:
        self.served: list[int] = []
        self.refused: list[int] = []
        self.over = 0
        self.returning = Returning(OWN, BOUND, self._is_over)

    def holds(self, number: int) -> bool:
        serve, refuse = partial(self.served.append, number), partial(self.refused.append, number)
        return self.returning.hold(number, serve, refuse)

    def _is_over(self) -> None:
        self.over += 1
        self.returning.release()


def test_what_is_for_the_actors_of_a_host_waits_for_that_host_and_for_no_other() -> None:
    held = Held()
    held.returning.wait_for([ADA, BOB])
    assert held.holds(child(ADA.epoch))
    assert held.holds(child(BOB.epoch))
    held.returning.restored(ADA)
    assert held.served == [child(ADA.epoch)]
    assert not held.holds(child(ADA.epoch))
    assert held.holds(child(BOB.epoch))
    held.returning.restored(BOB)
    assert held.served == [child(ADA.epoch), child(BOB.epoch), child(BOB.epoch)]
    assert held.over == 1


def test_nothing_is_held_for_the_actors_of_the_lost_once_it_is_known_who_is_there() -> None:
    held = Held()
    assert held.holds(child(GONE))
    assert not held.holds(child(OWN))
    held.returning.restored(ADA)
    held.returning.wait_for([ADA, BOB])
    assert held.served == [child(GONE)]
    assert not held.holds(child(GONE))
    assert not held.holds(child(ADA.epoch))
    held.returning.restored(BOB)
    assert held.over == 1


def test_an_actor_of_a_younger_host_that_was_there_before_is_waited_for() -> None:
    held = Held()
    held.returning.wait_for([LATE])
    assert held.holds(child(LATE.epoch))


def test_the_actors_of_a_keeper_have_numbers_of_anybody() -> None:
    held = Held()
    held.returning.wait_for([ADA, LATE, Sitting(7, ANY_KEEPER)])
    held.returning.restored(ADA)
    assert held.holds(child(LATE.epoch))
    held.returning.restored(LATE)
    assert held.holds(child(ADA.epoch))
    assert held.holds(child(GONE))
    assert not held.holds(child(OWN))
    held.returning.restored(Sitting(7, ANY_KEEPER))
    assert held.over == 1


def test_the_ends_that_are_remembered_are_bounded() -> None:
    held = Held()
    held.returning.wait_for([ADA])
    for count in range(MAILBOXES * BOUND + 5):
        held.returning.ended(child(OWN, count))
        held.returning.ended(child(ADA.epoch, count))
    assert not held.holds(child(ADA.epoch, MAILBOXES * BOUND - 1))
    assert held.holds(child(ADA.epoch, MAILBOXES * BOUND))
    assert len(held.returning._ended) == MAILBOXES * BOUND

"""The choice among hosts that are known: by load, in turn, by node, and an error that names what is missing."""

from collections import Counter
from random import Random

import pytest

from actors.address import Address
from actors.directory import Seat
from actors.errors import Unplaceable
from actors.placement import Chooser, Placement, anywhere, here, near, on_node, spread
from actors.ref import Ref

DRIVER = Seat(0, 1, node="a", takes_anybody=False)
HOSTS = [Seat(number, 1, node="ab"[number % 2], labels={"zone": "ab"[number % 2]}) for number in range(1, 5)]
SEATS = [DRIVER, *HOSTS]


def chooser() -> Chooser:
    return Chooser(Random(7))


def test_anywhere_is_never_the_driver_and_spreads_by_what_was_placed() -> None:
    chosen = chooser()
    counts = Counter(chosen.choose(anywhere(), SEATS, 0) for _ in range(400))
    assert set(counts) == {1, 2, 3, 4}
    assert max(counts.values()) - min(counts.values()) <= 20


def test_anywhere_prefers_the_less_loaded_of_two() -> None:
    seats = [Seat(1, 1, load=1000), Seat(2, 1, load=0)]
    assert {chooser().choose(anywhere(), seats, 0) for _ in range(20)} == {2}


def test_spread_takes_the_hosts_in_turn() -> None:
    one = chooser()
    assert Counter(one.choose(spread(), SEATS, 0) for _ in range(8)) == {1: 2, 2: 2, 3: 2, 4: 2}


def test_here_and_near_need_no_table() -> None:
    assert chooser().choose(here(), [], 9) == 9
    assert chooser().choose(near(Ref(Address("s", 3, 1), None)), [], 9) == 3


def test_a_node_is_found_by_its_id_or_its_labels() -> None:
    assert chooser().choose(on_node("a"), SEATS, 0) in {2, 4}
    assert chooser().choose(on_node(zone="b"), SEATS, 0) in {1, 3}
    assert chooser().fits_any(on_node(zone="b"), SEATS)
    assert not chooser().fits_any(on_node(zone="c"), SEATS)


def test_what_cannot_be_met_is_named() -> None:
    with pytest.raises(Unplaceable, match="zone"):
        chooser().choose(on_node(zone="c"), SEATS, 0)
    with pytest.raises(Unplaceable, match="no host that takes actors"):
        chooser().choose(anywhere(), [DRIVER], 0)
    with pytest.raises(ValueError, match="node id or labels"):
        on_node()


def test_placements_travel() -> None:
    import pickle

    wish: Placement = on_node("a", zone="b")
    assert pickle.loads(pickle.dumps(wish)) == wish

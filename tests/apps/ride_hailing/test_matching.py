"""The batch: every search and every driver at most once, the cheapest pairs first."""

from apps.ride_hailing.city import Point
from apps.ride_hailing.matching import Search, match

HERE, THERE = Point(0.0, 0.0), Point(100.0, 0.0)


def test_the_nearer_search_gets_the_driver_and_the_other_the_next():
    costs = {HERE: [(5.0, "ada"), (9.0, "bob")], THERE: [(2.0, "ada"), (20.0, "bob")]}
    pairs = match([Search("t1", HERE), Search("t2", THERE)], costs.__getitem__)
    assert [(search.trip, driver) for search, driver in pairs] == [("t2", "ada"), ("t1", "bob")]


def test_who_has_declined_is_not_asked_again():
    pairs = match([Search("t1", HERE, {"ada"})], lambda _: [(1.0, "ada"), (8.0, "bob")])
    assert [driver for _, driver in pairs] == ["bob"]


def test_a_search_without_a_driver_waits():
    assert match([Search("t1", HERE), Search("t2", THERE)], lambda _: [(1.0, "ada")])[1:] == []
    assert match([], lambda _: [(1.0, "ada")]) == []
    assert match([Search("t1", HERE)], lambda _: []) == []


def test_a_tie_is_broken_by_the_order_of_the_searches():
    pairs = match([Search("z", HERE), Search("a", HERE)], lambda _: [(1.0, "ada")])
    assert [(search.trip, driver) for search, driver in pairs] == [("z", "ada")]

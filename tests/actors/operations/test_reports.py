"""A tree has every actor once, under its parent; one whose parent is missing stands on top."""

from actors.address import Address
from actors.operations.reports import ActorReport, ActorState, ActorTree, short


def actor(seat: int, number: int, parent: tuple[int, int], path: str) -> ActorReport:
    return ActorReport(Address("s", seat, number), Address("s", *parent), path, "A", ActorState.IDLE, 0, 0, 0)


def test_actors_of_all_hosts_stand_under_their_parents_in_order():
    tree = ActorTree(
        (
            actor(1, 1, (0, 0), "/a"),
            actor(1, 5, (2, 2), "/b/y"),
            actor(2, 2, (0, 0), "/b"),
            actor(2, 3, (1, 1), "/a/x"),
            actor(2, 4, (9, 9), "/lost/z"),
        )
    )
    assert [(depth, it.path) for depth, it in tree.rows()] == [
        (0, "/a"),
        (1, "/a/x"),
        (0, "/b"),
        (1, "/b/y"),
        (0, "/lost/z"),
    ]


def test_an_ident_is_the_address_without_the_system():
    address = Address("s/t", 2, (7 << 32) + 3)
    assert str(address) == f"s/t/{short(address)}"
    assert short(address) == "2/7.3"

"""A name has one holder, who alone can free it, unless the host of its root is gone."""

from actors.address import Address
from actors.membership.names import Names

ADA, BOB = Address("s", 1, 7), Address("s", 1, 8)


def test_the_first_who_claims_a_name_holds_it() -> None:
    names = Names()
    assert names.holder("cashier") is None
    assert names.claim("cashier", 0, ADA) == ADA
    assert names.claim("cashier", 0, BOB) == ADA
    assert names.holder("cashier") == ADA


def test_a_name_is_freed_by_its_holder_and_by_nobody_else() -> None:
    names = Names()
    names.claim("cashier", 0, ADA)
    names.release("cashier", BOB)
    assert names.holder("cashier") == ADA
    names.release("cashier", ADA)
    names.release("cashier", ADA)
    assert names.claim("cashier", 0, BOB) == BOB


def test_what_hosts_say_after_a_loss_of_the_directory_takes_nothing_away() -> None:
    names = Names()
    names.claim("cashier", 0, ADA)
    names.add(3, {"cashier": BOB, "guard": BOB})
    assert (names.holder("cashier"), names.holder("guard")) == (ADA, BOB)


def test_the_names_of_a_root_go_with_its_host() -> None:
    names = Names()
    names.claim("cashier", 0, ADA)
    names.claim("guard", 3, BOB)
    names.release_all(0)
    assert (names.holder("cashier"), names.holder("guard")) == (None, BOB)

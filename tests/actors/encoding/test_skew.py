"""A class that the sender and the receiver know in two versions: more fields are tolerated, other fields refused."""

from typing import Any

import msgspec
import pytest

from actors import Message
from actors.encoding import code
from actors.encoding.announcing import Incoming, Outgoing
from actors.encoding.code import ClassTable
from actors.encoding.skew import maker
from actors.errors import Unsendable


class Order(Message):
    item: str
    amount: int = 1
    notes: list[str] = msgspec.field(default_factory=list)


def versions(sender: tuple[str, ...]) -> Any:
    return maker(Order, sender)


def test_the_same_fields_cost_nothing():
    assert versions(("item", "amount", "notes")) is Order


def test_what_only_the_receiver_has_takes_its_default():
    assert versions(("item",))("tea") == Order("tea", 1, [])
    assert versions(("item", "notes"))("tea", ["hot"]) == Order("tea", 1, ["hot"])


def test_what_only_the_sender_has_is_left_out_wherever_it_stands():
    assert versions(("item", "colour", "amount", "notes", "at"))("tea", "red", 2, ["hot"], 3.5) == Order(
        "tea", 2, ["hot"]
    )


def test_fields_in_another_order_reach_their_names():
    assert versions(("notes", "item", "amount"))(["hot"], "tea", 2) == Order("tea", 2, ["hot"])


def test_a_field_without_a_default_that_the_sender_does_not_have_is_refused_with_both_versions_named():
    with pytest.raises(Unsendable, match=r"\(item, amount, notes\) here and \(amount, notes\) where it was sent; item"):
        versions(("amount", "notes"))


def test_a_renamed_field_is_refused_because_its_value_would_be_lost():
    with pytest.raises(Unsendable, match=r"\(item, amount, notes\) here and \(item, count, notes\).*neither"):
        versions(("item", "count", "notes"))


@pytest.mark.parametrize(
    ("fields", "values", "made"),
    [(("item",), ("tea",), Order("tea")), (("item", "count"), ("tea", 2), None), (("thing",), ("tea",), None)],
)
def test_a_link_learns_the_senders_version_and_refuses_each_message_that_does_not_fit(
    fields: tuple[str, ...], values: tuple[Any, ...], made: Any
):
    table = ClassTable(1)
    index = table.index_for(Order)
    [notice] = Outgoing(table, 2).due(index, [])
    assert isinstance(notice, code.IndexedClass)
    assert notice.fields == ("item", "amount", "notes")
    incoming = Incoming(ClassTable(2))
    incoming.take(tuple(notice._replace(fields=fields)))
    if made is not None:
        assert incoming.classes[index](*values) == made
    else:
        for _ in range(2):
            with pytest.raises(Unsendable, match="where it was sent"):
                incoming.classes[index](*values)

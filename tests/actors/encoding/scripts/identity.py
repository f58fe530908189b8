"""One class object per class and process, through three processes and home again; two origins stay apart."""

from typing import Any

import msgspec

from actors.encoding.code import ClassTable
from actors.encoding.pickling import pack, unpack
from tests.actors.encoding.peer import Peer, run_checks

TABLE = ClassTable(1)


class Base(msgspec.Struct, frozen=True):
    value: int


class Token(Base, frozen=True):
    friends: tuple[Any, ...] = ()

    def again(self) -> "Token":
        return Token(self.value + 1)


class Plain:
    token = Token(5)


def inspect_there(values: list[Any]) -> dict[str, Any]:
    """Runs in the second process: ask the third, compare what comes back with what is here."""
    from actors.encoding.pickling import pack, unpack
    from tests.actors.encoding.peer import TABLES, Peer

    with Peer(TABLES[0], 3) as third:
        back = third.run(lambda them: [*them, Token(9), them[0].again()], values)
        whole, _, _ = third.tell(values[0])
        third_tokens = third.run(lambda: {type(one).__name__: id(type(one)) for one in (Token(1), Plain.token)})
        straight_home = third.run(lambda them: pack(them, 3), values)
    return {
        "same here": all(type(one) is type(values[0]) for one in back if isinstance(one, Base)),
        "whole": type(whole) is type(values[0]),
        "one there": len(set(third_tokens.values())) == 1,
        "values": back,
        "straight home": straight_home,
        "packed here": type(unpack(pack(values, 2))[0]) is type(values[0]),
    }


def check_a_class_is_one_in_each_process_and_itself_at_home() -> None:
    with Peer(TABLE, 2) as second:
        plain = Plain()
        seen = second.run(inspect_there, [Token(1), plain])
        assert seen["same here"]
        assert seen["whole"]
        assert seen["one there"]
        assert seen["packed here"]
        assert [type(one) for one in seen["values"]] == [Token, Plain, Token, Token]
        home = unpack(seen["straight home"])
        assert [type(one) for one in home] == [Token, Plain]


def check_classes_of_another_origin_work_here() -> None:
    def make() -> Any:
        class Theirs(msgspec.Struct):
            value: int
            token: Token

            def next(self) -> "Theirs":
                return Theirs(self.value + 1, self.token.again())

        return Theirs(1, Token(7))

    with Peer(TABLE, 2) as second, Peer(TABLE, 3) as third:
        theirs, others = second.run(make), third.run(make)
        assert type(theirs) is not type(others)
        assert theirs.next().token == Token(8)
        assert type(theirs.token) is Token
        assert third.run(lambda one: one.next(), theirs).value == 2  # from the second by way of here
        assert type(second.run(lambda one: one, theirs)) is type(theirs)


def check_a_packed_value_needs_no_link() -> None:
    packed = pack([Token(1, (Plain(),)), lambda: Token(2)], 1)
    with Peer(TABLE, 2) as second:
        assert second.run(lambda parcel: unpack(parcel)[1]().again(), packed) == Token(3)
        assert second.run(lambda parcel: type(unpack(parcel)[0]) is Token, packed)


run_checks(globals())

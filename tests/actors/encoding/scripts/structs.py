"""Struct classes of a script: every option, inheritance, generics, and messages by index."""

from collections.abc import Callable
from typing import Any, ClassVar, Generic, TypeVar, get_type_hints

import msgspec

from actors.encoding.code import WHOLE, ClassTable
from actors.encoding.registry import Definition
from tests.actors.encoding.peer import Peer, run_checks

T = TypeVar("T")
TABLE = ClassTable(1)
SEEN: list[object] = []


class Point(msgspec.Struct, frozen=True, order=True, cache_hash=True):
    """A place."""

    x: int
    y: int = 2
    kind: ClassVar[str] = "point"

    def moved(self, by: int = 1) -> "Point":
        """Its neighbour."""
        return Point(self.x + by, self.y)

    @classmethod
    def origin(cls) -> "Point":
        return cls(0, 0)

    @staticmethod
    def double(value: int) -> int:
        return 2 * value

    @property
    def sum(self) -> int:
        return self.x + self.y


class Named(Point, frozen=True, kw_only=True, tag="named", tag_field="sort", omit_defaults=True):
    name: str
    labels: list[str] = msgspec.field(default_factory=list, name="tags")
    made: Point = msgspec.field(default_factory=lambda: Point(0, 0))

    def moved(self, by: int = 1) -> Point:
        return super().moved(by * 10)


class Plain(Named, frozen=True, tag=False, rename="camel"):
    shoe_size: int = 40


class Node(msgspec.Struct, weakref=True, dict=True, eq=False, forbid_unknown_fields=True):
    value: int
    next: "Node | None" = None
    others: "list[Node]" = []
    empty: ClassVar["Node"]


Node.empty = Node(0)


class Box(msgspec.Struct, Generic[T], array_like=True, repr_omit_defaults=True):
    content: T
    spare: T | None = None


class IntBox(Box[int], array_like=True):
    pass


class Counted(msgspec.Struct):
    value: int

    def __post_init__(self) -> None:
        SEEN.append(self.value)
        if self.value < 0:
            message = "negative"
            raise ValueError(message)


class Loud(msgspec.Struct, gc=False):
    text: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Loud) and self.text.upper() == other.text.upper()

    def __hash__(self) -> int:
        return hash(self.text.upper())

    def __repr__(self) -> str:
        return f"LOUD {self.text}"


def config(cls: Any) -> dict[str, Any]:
    settings = cls.__struct_config__
    return {name: getattr(settings, name) for name in dir(settings) if not name.startswith("_")}


def shape(cls: Any) -> tuple[Any, ...]:
    fields = [
        (field.name, field.encode_name, field.type, field.default, field.default_factory is msgspec.NODEFAULT)
        for field in msgspec.structs.fields(cls)
    ]
    lines = (
        cls.__name__,
        cls.__qualname__,
        cls.__module__,
        cls.__doc__,
        cls.__bases__,
        getattr(cls, "__parameters__", ()),
    )
    layout = (cls.__struct_fields__, cls.__match_args__, cls.__struct_encode_fields__)
    return (lines, layout, config(cls), fields, sorted(get_type_hints(cls).items(), key=str))


def there(peer: Peer, work: Callable[..., Any], *arguments: Any) -> None:
    """The peer must find the same as we do here."""
    here, far = work(*arguments), peer.run(work, *arguments)
    assert here == far, (here, far)


def check_every_class_is_rebuilt_as_it_was() -> None:
    with Peer(TABLE, 2) as peer:
        for cls in (Point, Named, Plain, Node, Box, IntBox, Counted, Loud):
            there(peer, shape, cls)


def check_methods_work_there() -> None:
    def use(point: Point, named: Named) -> list[Any]:
        return [
            point.moved(), named.moved(), Point.origin(), Named.double(3), named.sum, named.kind, point < point.moved(),
            hash(point) == hash(Point(point.x)), named.made, Named(1, name="b").labels, msgspec.json.encode(named),
            msgspec.json.decode(b'{"x":1,"sort":"named","name":"q","tags":["r"]}', type=Named), Loud("a") == Loud("A"),
        ]  # fmt: skip

    with Peer(TABLE, 2) as peer:
        there(peer, use, Point(1), Named(3, name="a", labels=["b"]))


def check_frozen_stays_frozen() -> None:
    def assign(point: Any) -> str:
        try:
            point.x = 3
        except AttributeError as error:
            return str(error)
        return "assigned"

    with Peer(TABLE, 2) as peer:
        assert peer.run(assign, Point(1)) == "immutable type: 'Point'"


def check_a_class_may_refer_to_itself() -> None:
    def walk(node: Node) -> tuple[int, bool, bool]:
        node.note = "has a dict"  # type: ignore[attr-defined]
        decoded = msgspec.json.decode(b'{"value":1,"next":{"value":2}}', type=Node)
        assert decoded.next is not None
        return decoded.next.value, type(Node.empty) is Node, type(node.next) is Node

    with Peer(TABLE, 2) as peer:
        there(peer, walk, Node(1, Node(2)))


def check_generic_classes_and_their_children_work() -> None:
    with Peer(TABLE, 2) as peer:
        there(peer, lambda box: (box.content, Box[str]("a") == Box("a"), IntBox(3).content), Box[int](4))
        there(peer, lambda: msgspec.json.decode(b"[3]", type=Box[int]) == Box(3))


def check_post_init_runs_there() -> None:
    def make() -> str:
        try:
            Counted(-1)
        except ValueError as error:
            return f"{error} {SEEN[-1]}"
        return "no check"

    with Peer(TABLE, 2) as peer:
        assert peer.run(make) == "negative -1"


def check_whole_messages_go_by_index() -> None:
    with Peer(TABLE, 2) as peer:
        for message in (Point(3), Point(4), Box(1), IntBox(2), Loud("hush"), Node(5)):
            back, text, _ = peer.tell(message)
            assert type(back) is type(message)
            assert text == repr(message) or isinstance(message, Node)
            assert TABLE.index_for(type(message)) != WHOLE


def check_keyword_only_and_post_init_messages_go_whole() -> None:
    with Peer(TABLE, 2) as peer:
        for message in (Named(1, name="n"), Counted(3)):
            assert peer.tell(message)[0] == message
            assert TABLE.index_for(type(message)) == WHOLE


def check_code_goes_once_per_link() -> None:
    with Peer(TABLE, 2) as peer:
        peer.tell(Point(1))
        first = len(peer.end.notices)
        peer.tell(Point(2))
        peer.run(repr, Point(3))
        assert len(peer.end.notices) == first
        assert sum(isinstance(notice, Definition) for notice in peer.end.notices) == 1
        assert peer.end.sent < 150


run_checks(globals())

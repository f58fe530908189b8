"""What cannot travel is refused in the call that sends it, naming the part and what to do instead."""

import pickle
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.encoding.code import ClassTable
from actors.encoding.pickling import dumps, dumps_spec, pack
from actors.encoding.registry import Key
from actors.errors import Unsendable

LOCK: Any = threading.Lock()


class Order(msgspec.Struct):
    sku: str
    lock: Any


@dataclass
class Shipment:
    orders: list[Order]


class Held:
    __slots__ = ("inner",)

    def __init__(self, inner: Any) -> None:
        self.inner = inner


class Raises:
    def __reduce__(self) -> Any:
        raise RuntimeError("not this one")


def refusal(value: object) -> str:
    buffers, used = list[pickle.PickleBuffer](), list[Key]()
    with pytest.raises(Unsendable) as refused:
        dumps(value, buffers, 1, used)
    assert buffers == []
    assert used == []
    return str(refused.value)


def uses_a_lock() -> Any:
    held = LOCK

    def with_lock() -> None:
        held.acquire()

    return with_lock


def class_with_a_lock() -> Any:
    class Locked:
        lock = LOCK

    return Locked


PARTS = {
    "": LOCK,
    "field 'lock' of Order": Order("a", LOCK),
    "field 'orders' of Shipment, item 1, field 'lock' of Order": Shipment([Order("a", 1), Order("b", LOCK)]),
    "item 'a', item 0": {"a": (LOCK,)},
    "attribute 'inner' of Held": Held(LOCK),
    "item 0": partial(print, LOCK),
    "variable 'held' captured by uses_a_lock.<locals>.with_lock": uses_a_lock(),
    "'lock' of class class_with_a_lock.<locals>.Locked": class_with_a_lock(),
    "class class_with_a_lock.<locals>.Locked, 'lock' of class": class_with_a_lock()(),
}


@pytest.mark.parametrize("path", PARTS)
def test_the_error_names_the_part(path: str) -> None:
    text = refusal(PARTS[path])
    assert text.startswith(path)
    assert "cannot pickle '_thread.lock' object" in text
    assert "on_start" in text


def test_what_a_reducer_raises_is_told() -> None:
    assert "attribute 'inner' of Held: not this one" in refusal(Held(Raises()))


def test_an_open_file_is_not_read_and_sent(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("secret")
    with path.open() as file:
        assert "open file" in refusal([file])


def test_too_deep_a_value_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert "recursion" in refusal(deep)


def test_a_value_that_contains_itself_and_a_lock_is_refused() -> None:
    loop: list[Any] = [1]
    loop += [loop, LOCK]
    assert "lock" in refusal(loop)


def test_a_bare_object_ref_is_refused() -> None:
    ray = pytest.importorskip("ray", reason="needs Ray, which is not installed")
    ref = ray.ObjectRef(b"r" * 28)
    assert pickle.loads(pickle.dumps(ref)) == ref  # plain pickle says nothing, and ray.get there would wait for ever
    for value in (ref, {"a": [ref]}, Order("a", ref), lambda: ref):
        assert "a bare ray.ObjectRef cannot travel" in refusal(value)


def test_the_words_themselves_may_be_sent() -> None:
    words = ["__main__", "ObjectRef", "reconstruct", b"\x93", "__main__\x93", 0x93]
    assert pickle.loads(dumps(words, [], 1, [])) == words
    assert pickle.loads(dumps([words, Path("\x93")], [], 1, [])) == [words, Path("\x93")]


def test_buffers_of_a_refused_value_do_not_join_those_before() -> None:
    before = [pickle.PickleBuffer(b"kept")]
    buffers = list(before)
    with pytest.raises(Unsendable):
        dumps([pickle.PickleBuffer(b"dropped"), LOCK], buffers, 1, [])
    assert buffers == before


def test_a_spawn_names_the_argument() -> None:
    cases: list[tuple[type, list[Any], dict[str, Any], str]] = [
        (Shipment, [1, Order("a", LOCK)], {}, "argument 2 of Shipment, field 'lock' of Order: "),
        (Shipment, [1], {"key": 1, "guard": LOCK}, "argument 'guard' of Shipment: "),
        (class_with_a_lock(), [], {}, "class class_with_a_lock.<locals>.Locked, 'lock' of class"),
    ]
    for actor, arguments, named, text in cases:
        with pytest.raises(Unsendable) as refused:
            dumps_spec(actor, arguments, named, [], 1, [])
        assert str(refused.value).startswith(text)


def test_a_spawn_is_the_class_and_what_it_was_called_with() -> None:
    changing = [1]
    data = dumps_spec(Shipment, [changing], {"b": 2}, [], 1, [])
    changing.append(2)
    assert pickle.loads(data) == (Shipment, ([1],), {"b": 2})


def test_packing_and_indexing_refuse_as_well() -> None:
    with pytest.raises(Unsendable, match="field 'lock' of Order"):
        pack(Order("a", LOCK), 1)

    class Bad(msgspec.Struct):
        guard: Any = LOCK

    with pytest.raises(Unsendable, match="class .*Bad"):
        ClassTable(1).index_for(Bad)


def test_an_error_is_a_type_error_too() -> None:
    with pytest.raises(TypeError):
        dumps(LOCK, [], 1, [])

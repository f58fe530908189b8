"""Code that cannot be used where it arrives: the link lives on, and each use says why."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from actors.encoding.announcing import Incoming, Outgoing
from actors.encoding.code import ClassTable, IndexedClass
from actors.encoding.pickling import loads
from actors.encoding.registry import REGISTRY, Definition, Key, Registry
from actors.errors import Unsendable


class Point(msgspec.Struct):
    x: int


def test_a_class_whose_module_is_missing_fails_at_each_message() -> None:
    incoming = Incoming(ClassTable(1))
    incoming.take(IndexedClass(1, "no_such_module:Order", None))
    with pytest.raises(Unsendable, match=r"no_such_module:Order cannot be imported here.*PYTHONPATH"):
        incoming.classes[1](1, 2)


def test_a_class_whose_name_is_missing_fails_at_each_message() -> None:
    incoming = Incoming(ClassTable(1))
    incoming.take(IndexedClass(1, "actors.errors:Nothing.there", None))
    with pytest.raises(Unsendable, match="same version"):
        incoming.classes[1]()


def test_a_definition_that_cannot_be_loaded_fails_at_each_use(caplog: pytest.LogCaptureFixture) -> None:
    key, other = Key(987, 1), Key(987, 2)
    incoming = Incoming(ClassTable(1))
    with caplog.at_level(logging.WARNING):
        incoming.take(Definition(key, (key, other), (), b"cno_such_module\nthing\n."))
    assert "no_such_module" in caplog.text
    incoming.take(IndexedClass(4, "Thing", key))
    for use in (incoming.classes[4], lambda: REGISTRY.known(other)):
        with pytest.raises(Unsendable, match="ModuleNotFoundError"):
            use()


def test_code_that_never_came_is_named() -> None:
    data = b"\x80\x05cactors.encoding.registry\nresolve\n(K\x05K\x07tR."
    with pytest.raises(Unsendable, match=r"\(5, 7\).*has not been sent"):
        loads(data)


def test_half_a_definition_leaves_nothing_behind() -> None:
    registry = Registry()
    key = Key(1, 1)
    registry.build(key, type, ("Half", (), {}))
    registry.define(Definition(key, (key, Key(1, 2)), (), b"not a pickle"))
    with pytest.raises(Unsendable, match="cannot be loaded"):
        registry.known(key)


def test_an_importable_class_is_told_by_name_once() -> None:
    table = ClassTable(1)
    outgoing = Outgoing(table, 2)
    index = table.index_for(Point)
    assert table.indices[Point] == index
    notices = outgoing.due(index, [])
    assert notices == [IndexedClass(index, f"{__name__}:Point", None, ("x",))]
    assert outgoing.due(index, []) == []
    assert index in outgoing.told
    incoming = Incoming(ClassTable(2))
    incoming.take(tuple(notices[0]))
    assert incoming.classes[index] is Point


def test_plain_values_need_no_cloudpickle_and_no_numpy() -> None:
    program = """
import sys
from actors.encoding.announcing import Outgoing
from actors.encoding.pickling import dumps, loads
assert loads(dumps((1, "a", {2: b"c"}), [], 1, [])) == (1, "a", {2: b"c"})
print({"cloudpickle", "numpy", "ray", "pydantic"} & set(sys.modules))
"""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"

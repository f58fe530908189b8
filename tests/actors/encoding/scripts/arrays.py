"""Arrays arrive read-only on the memory of the buffer, whatever their layout."""

from pickle import PickleBuffer
from typing import Any

import msgspec
import numpy as np

from actors.encoding.code import ClassTable
from actors.encoding.pickling import dumps, loads
from actors.encoding.registry import Key
from tests.actors.encoding.peer import Peer, run_checks

TABLE = ClassTable(1)


class Frame(msgspec.Struct, eq=False):
    pixels: Any
    name: str = "f"


GRID = np.arange(12.0).reshape(3, 4)
ARRAYS: list[Any] = [
    GRID, GRID[:, ::2], GRID.T, GRID[::-1], np.asfortranarray(GRID), np.array(3), np.array([]), np.arange(100_000),
    np.array(["2020-01-01"], dtype="M8[D]"), np.array([{1: 2}, None], dtype=object), np.array(["ab", "c"]),
    np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]), np.rec.array([(1, 2.0)]), GRID > 3, np.array([1j]),
    np.ma.array([1, 2], mask=[False, True]), np.float32([1]), np.frombuffer(b"abcd", dtype="u1"),
]  # fmt: skip


def carried(value: object) -> Any:
    buffers = list[PickleBuffer]()
    data = dumps(value, buffers, 1, list[Key]())
    return loads(data, [bytearray(buffer.raw()) for buffer in buffers])


def check_every_array_is_read_only_and_equal() -> None:
    for array in ARRAYS:
        back = carried([array])[0]
        assert not back.flags.writeable, (array.dtype, array.shape)
        assert back.dtype == array.dtype
        assert back.shape == array.shape
        assert np.array_equal(back, array) or array.dtype.names, array
        assert type(back) is type(array)
        assert array is GRID or array.base is not None or array.flags.writeable


def check_arrays_lie_on_the_given_buffer() -> None:
    for array in (GRID, np.arange(3), GRID[:, ::2]):
        buffers = list[PickleBuffer]()
        data = dumps(Frame(array), buffers, 1, list[Key]())
        assert len(buffers) == 1
        received = memoryview(bytes(buffers[0].raw()))
        back = loads(data, [received]).pixels
        memory = np.frombuffer(received, dtype="u1")
        assert np.shares_memory(back, memory)
        assert back.__array_interface__["data"][0] == memory.__array_interface__["data"][0]


def check_sending_copies_nothing_of_a_contiguous_array() -> None:
    buffers = list[PickleBuffer]()
    dumps((1, GRID), buffers, 1, list[Key]())
    assert np.shares_memory(np.frombuffer(buffers[0].raw(), dtype="u1"), GRID)


def check_arrays_in_shipped_classes_arrive_so_too() -> None:
    def look(frame: Frame) -> tuple[bool, float]:
        return frame.pixels.flags.writeable, float(frame.pixels.sum())

    with Peer(TABLE, 2) as peer:
        assert peer.run(look, Frame(GRID[:, ::2])) == (False, float(GRID[:, ::2].sum()))
        back, _, _ = peer.tell(Frame(GRID))
        assert type(back) is Frame
        assert not back.pixels.flags.writeable


run_checks(globals())

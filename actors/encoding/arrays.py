"""Arrays arrive read-only, on every path.

A contiguous array of a plain type leaves as an out-of-band buffer, and `loads` hands its memory out read-only. numpy
copies all others (strided views, dates, objects, subclasses) into the pickle and gives the receiver a writable array;
those are either made contiguous first, or locked when they have arrived. Shared memory would make a writable array a
trap, and a difference between the socket and the object store a worse one.
"""

import sys
from typing import Any

MARK = b"reconstruct"
"""In every pickle in which numpy copied an array, by the names of its functions."""


def is_array(value: object) -> bool:
    """Whether it is a numpy array; numpy is not loaded to find out."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)


def reduce_array(array: Any) -> Any:
    """The reduction of an array that becomes read-only."""
    reduced = array.__reduce_ex__(5)
    if len(reduced) == 2:  # out of band already  # noqa: PLR2004
        return reduced
    if type(array) is sys.modules["numpy"].ndarray:
        reduced = array.copy(order="C").__reduce_ex__(5)
        if len(reduced) == 2:  # noqa: PLR2004
            return reduced
    return (reduced[0], reduced[1], reduced[2], None, None, set_and_lock)


def set_and_lock(array: Any, state: Any) -> None:
    """Fill an array, then make it read-only."""
    array.__setstate__(state)
    array.flags.writeable = False

"""A copy of a message, made as if it had travelled: what sender and receiver do afterwards is their own affair."""

from pickle import PickleBuffer
from typing import Any

from actors.encoding.pickling import dumps, loads

HERE = 0
"""The origin of what never leaves this process."""


def copied(value: Any) -> Any:
    """The value as another host would get it, arrays read-only; raises Unsendable where it could not travel."""
    buffers: list[PickleBuffer] = []
    data = dumps(value, buffers, HERE, [])
    return loads(data, [bytes(buffer.raw()) for buffer in buffers])

"""A message is a frozen value; a request is a message that names the type of its reply.

`Message`, `Request[R]` and `Streams[R]` are structs, cheap to make (0.1 µs) and to send. Any other picklable object is
a message too; `Asks[R]` and `AsksStream[R]` are plain mixins that give a pydantic model or a dataclass a reply type:

    class Join(Request[list[str]]):
        name: str

    class Patient(BaseModel, Asks[bool], frozen=True):      # BaseModel first
        mrn: str
"""

from typing import Any, ClassVar, Generic, TypeVar, dataclass_transform

import msgspec

from actors.messages.priority import Priority
from actors.messages.sensitive import shown

R_co = TypeVar("R_co", covariant=True)


class Asks(Generic[R_co]):
    """Mix in to say that a message asks for a reply of type R. Costs nothing: no field, no `__dict__`."""

    __slots__ = ()


class AsksStream(Generic[R_co]):
    """Mix in to say that a message asks for a stream of replies of type R."""

    __slots__ = ()


# The transform sits on this class and not on a metaclass: there mypy would miss writes to fields. Without it both
# checkers want `frozen=True` repeated on every message class.
@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Message(msgspec.Struct, frozen=True):
    """Base of message classes: a frozen struct that compares and hashes by value.

    Making one checks the names of the fields, not their types. A numpy field makes `==` and `hash` raise: write
    `class Frame(Message, eq=False)`, which compares by identity. `__priority__ = Priority.HIGH` in the class body sets
    the level at which messages of this class wait.
    """

    __priority__: ClassVar[Priority] = Priority.NORMAL

    def __repr__(self) -> str:
        return shown(self, type(self).__name__)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Let a pydantic model have messages as fields; pydantic is imported by whoever calls this, never by us."""
        from actors.messages.edge import struct_schema

        return struct_schema(cls, source, handler)


class Request(Message, Asks[R_co], frozen=True):
    """A message that asks for a reply of type R: `class Join(Request[list[str]]): name: str`."""


class Streams(Message, AsksStream[R_co], frozen=True):
    """A message that asks for a stream of replies of type R; its handler yields them."""

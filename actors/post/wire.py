"""What travels on a link: each record is one pickled tuple, whose first item says what it is.

Every record begins (kind, number, ...), where number is that of the actor, ask or stream it is for, so that a record
that cannot be decoded whole can still be accounted for: `outline` reads it with everything unknown left out.

    TELL     actor, sender, class index, values
    TOLD     actor, sender, class index, values, header             a TELL with what an instrument said about it
    ASK      actor, sender, class index, values, ask, deadline      answered by REPLY or FAIL
    SEND     actor, sender, class index, values, ask, deadline      answered by REPLY when accepted, or FAIL
    STREAM   actor, sender, class index, values, ask                answered by ITEMs, then REPLY or FAIL
    REPLY    ask, class index, values
    FAIL     ask, outcome, cause as a parcel or None
    ITEM     ask, class index, values
    CREDIT   ask, count                                             -1: the reader, or whoever waits, has left
    SIGNAL   actor, signal
    FAILED   actor, signal without its exception, the exception as a parcel or None
    NOTICE   0, notice                                              code that later records need
    BUFFERS  count                                                  so many records, raw, are memory of the next record
    LARGE    actor or ask, stream, kind, type's name, ask or 0      here belongs a record that comes as a large one
    PARCEL   actor or ask, stream, pickle, ticket, link's stream    the record that belongs there: its pickle and a
                                                                    ticket for its memory, or the large record it is
    LOADED   0, ticket's number                                     the memory has been loaded
    DONE     0, count                                               of TELLs and SENDs that came, done with in all

Deadlines are on the sender's clock. Values are a struct's fields in order, or with class index 0 the message itself.
ASK, SEND and STREAM may have an instrument's header as one item more.
"""

import io
import pickle
from typing import Any, Self, cast

from actors.mail.envelope import Sender
from actors.ref import Ref

TELL, ASK, SEND, STREAM, REPLY, FAIL, ITEM, CREDIT, SIGNAL, FAILED, NOTICE, BUFFERS = range(12)
LARGE, PARCEL, LOADED, TOLD, DONE = range(12, 17)

COUNTED = frozenset((TELL, TOLD, SEND))
"""Messages whose sender does not hear by an outcome what became of them once they were accepted."""


OWN = frozenset(("actors.address", "actors.supervising.signals"))
"""Modules whose classes are plain data of the runtime itself: an outline shows them as they are."""


def outline(record: bytes) -> tuple[Any, ...]:
    """A record with a stand-in for everything that cannot be found here; () for bytes that are no record at all."""
    try:
        found: Any = _Outliner(io.BytesIO(record), buffers=_Endless()).load()
    except Exception:  # noqa: BLE001 - whatever the bytes do
        return ()
    return cast("tuple[Any, ...]", found) if isinstance(found, tuple) else ()


class Unknown:
    """Stands for a value that could not be decoded; takes whatever a pickle does to it."""

    def __new__(cls, *arguments: object, **named: object) -> Self:
        """Take any arguments."""
        del arguments, named
        return super().__new__(cls)

    def __init__(self, *arguments: object, **named: object) -> None:
        del arguments, named

    def __setstate__(self, state: object) -> None:
        del state

    def __call__(self, *arguments: object, **named: object) -> Self:
        """Stand for whatever a call gives."""
        del arguments, named
        return self

    def append(self, item: object) -> None:
        """Take a list's item."""
        del item

    def __setitem__(self, key: object, item: object) -> None:
        del key, item


class _Outliner(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        return super().find_class(module, name) if module in OWN else Unknown


class _Endless:
    """Stands for buffers that are gone."""

    def __iter__(self) -> "_Endless":
        return self

    def __next__(self) -> bytes:
        return b""


def sender_in(sender: Sender | None) -> int | tuple[int, int] | None:
    """A sender on this host is its number alone; one that sent from elsewhere is seat and number."""
    if sender is None:
        return None
    if isinstance(sender, Ref):
        return (sender.address.seat, sender.address.number)
    return sender.ref.address.number

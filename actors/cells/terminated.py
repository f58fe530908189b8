"""Messages from the runtime that actors may handle: the end of a watched actor, and a time without messages."""

from typing import TYPE_CHECKING, Any

from actors.messages.message import Message
from actors.supervising.signals import EndReason

if TYPE_CHECKING:
    from actors.ref import Ref


class Terminated(Message):
    """A watched incarnation has ended.

    `incarnation` is 0 where it had ended before the watch began, and where its host was lost. Sent once a watch, after
    every message received from the dead. It says nothing about a successor: watch again.
    """

    ref: "Ref[Any]"
    incarnation: int
    reason: EndReason


class ReceiveTimeout(Message):
    """No message came for as long as `self.context.receive_timeout(seconds)` said."""

    seconds: float

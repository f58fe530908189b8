"""What a subscriber is sent: all actors of a service, as of the moment when the message is handled."""

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from actors.messages.message import Message

if TYPE_CHECKING:
    from actors.reception.service_key import ServiceKey
    from actors.ref import Ref

A = TypeVar("A")


class Listing(Message, Generic[A]):
    """Who is registered under a key now: sent once when an actor subscribes, and again whenever that has changed.

    An actor that subscribes to several keys tells them apart by `listing.key`. Several changes may come as one listing.
    """

    key: "ServiceKey[A]"
    refs: "tuple[Ref[A], ...]"

    def __contains__(self, ref: "Ref[Any]") -> bool:
        return ref in self.refs

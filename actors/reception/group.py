"""All actors of a service as one to send to: to everybody, or to one of them in turn or by chance. Typed like a ref."""

from collections.abc import Awaitable, Iterator
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, TypeVar

from actors.address import Address
from actors.errors import NotRunning
from actors.mail.activity import running
from actors.mail.dead_letters import Reason
from actors.ref import DEFAULT_TIMEOUT
from actors.supervising.root import NUMBER as ROOT

if TYPE_CHECKING:
    from actors.host import Host
    from actors.messages.call import Call
    from actors.messages.message import Asks
    from actors.reception.desk import Desk
    from actors.reception.service_key import ServiceKey
    from actors.ref import Declared, Ref

A_co = TypeVar("A_co", covariant=True)
R = TypeVar("R")
Routing = Literal["round_robin", "random"]


class Group(Generic[A_co]):
    """The actors registered under a key: whoever is one at the moment of sending. Made by `receptionist.group(KEY)`.

    `routing` says how one is chosen: "round_robin" (each in turn, beginning anywhere) or "random". A group knows what
    its host's receptionist knows; it does not look whether an actor is busy, or whether its host can be reached.
    It does not travel in messages: send the key.
    """

    __slots__ = ("_desk", "_host", "_key", "_routing", "_turn")

    def __init__(self, desk: "Desk", host: "Host", key: "ServiceKey[A_co]", routing: Routing) -> None:
        if routing not in {"round_robin", "random"}:
            message = f"routing={routing!r}: choose 'round_robin' or 'random'."
            raise ValueError(message)
        self._desk = desk
        self._host = host
        self._key = key
        self._routing = routing
        self._turn = host.random.getrandbits(16)  # so that many groups do not all begin with the same actor

    @property
    def refs(self) -> "tuple[Ref[A_co], ...]":
        """Its actors now."""
        return self._desk.find(self._key)

    def __len__(self) -> int:
        return len(self.refs)

    def __iter__(self) -> "Iterator[Ref[A_co]]":
        return iter(self.refs)

    def __bool__(self) -> bool:
        return True

    def one(self) -> "Ref[A_co] | None":
        """The next actor by the group's routing; None while there is none."""
        refs = self.refs
        if not refs:
            return None
        if self._routing == "random":
            return self._host.random.choice(refs)
        self._turn += 1
        return refs[self._turn % len(refs)]

    def tell_all(self, message: "Declared | Call[A_co, object]") -> int:
        """Tell everybody, as `Ref.tell` does; returns to how many it was sent."""
        refs = self.refs
        for ref in refs:
            ref.tell(message)
        return len(refs)

    def tell_one(self, message: "Declared | Call[A_co, object]") -> None:
        """Tell one of them; while there is none, the message is a dead letter `not_running`."""
        ref = self.one()
        if ref is not None:
            ref.tell(message)
            return
        sender = running.get().cell
        self._host.dead_letters.add(message, self._nobody, Reason.NOT_RUNNING, sender.ref if sender else None)

    def ask_one(self, request: "Asks[R] | Call[A_co, R]", *, timeout: float | None = DEFAULT_TIMEOUT) -> Awaitable[R]:
        """Ask one of them: deadline and outcomes are those of `Ref.ask`; NotRunning while there is none."""
        ref = self.one()
        if ref is not None:
            return ref.ask(request, timeout=timeout)
        ask: Any = self._host.delivery.open_ask(self._nobody, timeout, running.get())
        ask.fail(NotRunning(f"Nobody is registered as {self._key} yet, as far as this host knows. Ask again later."))
        return ask.future

    async def send_one(
        self, message: "Declared | Call[A_co, object]", *, timeout: float | None = DEFAULT_TIMEOUT
    ) -> None:
        """Send to one of them and wait for acceptance, as `Ref.send` does; NotRunning while there is none."""
        ref = self.one()
        if ref is None:
            raise NotRunning(f"Nobody is registered as {self._key} yet, as far as this host knows. Send again later.")
        await ref.send(message, timeout=timeout)

    @property
    def _nobody(self) -> Address:
        return Address(self._host.system, self._host.seat, ROOT)

    def __repr__(self) -> str:
        return f"Group({self._key.name!r}, {len(self)} actors, {self._routing})"

    def __reduce__(self) -> NoReturn:
        message = "A group is of one host, and does not travel. Send its key, and make the group where it arrives."
        raise TypeError(message)

"""A post that an instrument watches: what goes to other hosts takes a header along."""

from typing import TYPE_CHECKING

from actors.address import Address
from actors.cells.observer import Observer
from actors.cells.streams import Incoming
from actors.instrument import Observation, Verb
from actors.mail.activity import running
from actors.mail.envelope import PLAIN, Asker, Sender
from actors.post.payloads import Store
from actors.post.post import Post

if TYPE_CHECKING:
    from actors.host import Host


class ObservedPost(Post):
    """The post of a host that has an instrument."""

    def tell(self, address: Address, message: object, sender: Sender | None, header: bytes | None = None) -> None:
        """Send a message; raises Unsendable."""
        handled = running.get().envelope
        if handled.__class__ in PLAIN:  # nobody watches what is being handled
            super().tell(address, message, sender)
            return
        observation = self._observer.sends(Verb.TELL, message, address, handled)
        try:
            super().tell(address, message, sender, header or self._header(observation, sender))
        except BaseException as error:
            self._broken(observation, error)
            raise
        self._observer.queued(Verb.TELL, observation)

    def ask(
        self,
        address: Address,
        request: object,
        sender: Sender | None,
        ask: Asker,
        deadline: float | None,
        *rest: bytes,
    ) -> None:
        """Send a request whose outcome `ask` hears; raises Unsendable."""
        handled = running.get().envelope
        if handled.__class__ in PLAIN:
            super().ask(address, request, sender, ask, deadline)
            return
        forwarded = handled is not None and ask is handled.ask
        verb = Verb.FORWARD if forwarded else Verb.ASK
        observation = self._observer.sends(verb, request, address, handled, None if forwarded else ask)
        try:
            super().ask(address, request, sender, ask, deadline, *(rest or self._rest(observation, sender)))
        except BaseException as error:
            if forwarded:  # of an ask, its future says so
                self._broken(observation, error)
            raise
        self._observer.queued(verb, observation)

    async def send(
        self,
        address: Address,
        message: object,
        sender: Sender | None,
        ask: Asker,
        deadline: float | None,
        *rest: bytes,
    ) -> None:
        """Send a message whose acceptance `ask` hears; waits for room on the link first. Raises Unsendable."""
        handled = running.get().envelope
        if handled.__class__ not in PLAIN:
            observation = self._observer.sends(Verb.SEND, message, address, handled, ask)
            rest = rest or self._rest(observation, sender)
        await super().send(address, message, sender, ask, deadline, *rest)

    def stream(
        self,
        address: Address,
        request: object,
        sender: Sender | None,
        incoming: Incoming,
        *rest: bytes,
    ) -> None:
        """Send a request for a stream; raises Unsendable."""
        handled = running.get().envelope
        if handled.__class__ not in PLAIN:
            observation = self._observer.sends(Verb.STREAM, request, address, handled, incoming)
            rest = rest or self._rest(observation, sender)
        super().stream(address, request, sender, incoming, *rest)

    @property
    def _observer(self) -> Observer:
        assert self._host.observer is not None  # that is why it is of this class
        return self._host.observer

    def _rest(self, observation: Observation | None, sender: Sender | None) -> tuple[bytes, ...]:
        header = self._header(observation, sender)
        return () if header is None else (header,)

    def _header(self, observation: Observation | None, sender: Sender | None) -> bytes | None:
        """What travels. From outside all actors that nobody watches is said, lest it be decided again over there."""
        if observation is not None:
            return observation.header or None
        if sender is None:
            guarded = self._observer.guarded
            return guarded.does(guarded.instrument.hides, b"") or None
        return None

    def _broken(self, observation: Observation | None, error: BaseException) -> None:
        if observation is not None:
            self._observer.guarded.ends(observation, error)


def post_of(host: "Host", store: Store | None = None) -> Post:
    """The post that a host needs: one that its instrument watches, if it has one."""
    return Post(host, store) if host.observer is None else ObservedPost(host, store)

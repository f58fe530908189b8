"""The opening of a connection: each side proves that it knows the system's secret, then says who it is.

```
dialler                                  listener
HELLO      magic, nonce        ────►
                               ◄────     CHALLENGE  magic, nonce
PROOF      code, introduction  ────►     checks the code, and only then reads the introduction
                               ◄────     WELCOME    code, introduction
                                     or  REFUSED    code, reason, text
```

A code is HMAC-SHA256 under the secret over the role, both nonces, and every introduction so far. Both nonces are fresh,
so a recorded opening proves nothing later, and since the roles differ no code can be sent back to its maker. The
dialler proves itself first: to anyone else the listener says nothing but its nonce, so a stranger learns no version and
no name. The opening stays the same in all wire versions, so that two versions can tell each other so.

Everything here is pure: bytes and the clock's reading in, bytes out.
"""

import hmac
from typing import Final

import msgspec

from actors.address import Sitting
from actors.links.frames import Kind, handshake_frame
from actors.links.refusals import Refusal, Refused, RefusedByPeer

MAGIC: Final = b"understudy"
NONCE_BYTES: Final = 32
SHORTEST_SECRET: Final = 16
_CODE_BYTES: Final = 32
_DIALLER: Final = b"understudy link: dialler"
_LISTENER: Final = b"understudy link: listener"
_REFUSAL: Final = b"understudy link: refused"
_LONGEST_TEXT: Final = 600


class Introduction(msgspec.Struct, frozen=True, kw_only=True):
    """Who a side is, whom it means, and how far its session has come."""

    wire: int
    python: str
    """Major and minor, as "3.11": pickles of classes do not cross minors safely."""
    system: str
    seat: int
    epoch: int
    to_seat: int
    to_epoch: int
    session: int
    """The number that this side gave its session when it began."""
    your_session: int
    """The number that the other side gave it, 0 if this side has not heard it yet."""
    received: int
    """The last frame of the other side's numbering that came here."""
    clock: float
    insists: bool = False
    """A dialler that lost a tie and still has no connection; the listener's must be dead without it knowing."""

    @property
    def sitting(self) -> Sitting:
        """Who introduces itself."""
        return Sitting(self.seat, self.epoch)


class _Refusing(msgspec.Struct, frozen=True):
    reason: str
    text: str


_encode = msgspec.msgpack.Encoder().encode
_introduction = msgspec.msgpack.Decoder(Introduction).decode
_refusing = msgspec.msgpack.Decoder(_Refusing).decode


class Dialling:
    """The dialler's side: `hello()`, then `prove()` with the challenge, then `conclude()` with the answer."""

    __slots__ = ("_nonce", "_proved", "_secret", "_transcript", "proved_at")

    def __init__(self, secret: bytes, nonce: bytes) -> None:
        self._secret = secret
        self._nonce = nonce
        self._transcript = b""
        self._proved = False
        self.proved_at = 0.0

    @property
    def proved(self) -> bool:
        """Whether the proof has left, so that the listener may have accepted."""
        return self._proved

    def hello(self) -> bytes:
        """The first frame."""
        return handshake_frame(Kind.HELLO, MAGIC, self._nonce)

    def prove(self, payload: bytes, mine: Introduction) -> bytes:
        """The frame that answers the challenge. Raises `Refused`."""
        body = _encode(mine)
        self._transcript = self._nonce + _nonce_of(payload, Kind.CHALLENGE) + _sized(body)
        self._proved = True
        self.proved_at = mine.clock
        return handshake_frame(Kind.PROOF, _code(self._secret, _DIALLER, self._transcript), body)

    def conclude(self, payload: bytes) -> Introduction:
        """The listener's introduction. Raises `Refused`, also when the listener refused and proved that it may."""
        if payload[:1] == bytes((Kind.WELCOME,)):
            body = _proved(self._secret, _LISTENER, self._transcript, payload)
            return _read_introduction(body)
        if payload[:1] == bytes((Kind.REFUSED,)):
            body = _proved(self._secret, _REFUSAL, self._transcript, payload)
            raise _read_refusal(body)
        raise Refused(Refusal.GARBAGE, "The listener answered with no frame of the handshake.")


class Answering:
    """The listener's side: `challenge()` the hello, `check()` the proof, then `welcome()` or `refuse()`."""

    __slots__ = ("_nonce", "_secret", "_transcript", "challenged_at")

    def __init__(self, secret: bytes, nonce: bytes) -> None:
        self._secret = secret
        self._nonce = nonce
        self._transcript = b""
        self.challenged_at: float | None = None

    def challenge(self, payload: bytes, now: float) -> bytes:
        """The frame that answers a hello. Raises `Refused`."""
        self._transcript = _nonce_of(payload, Kind.HELLO) + self._nonce
        self.challenged_at = now
        return handshake_frame(Kind.CHALLENGE, MAGIC, self._nonce)

    def check(self, payload: bytes) -> Introduction:
        """The introduction of a dialler that has proved the secret. Raises `Refused`; then say nothing and hang up."""
        if payload[:1] != bytes((Kind.PROOF,)):
            raise Refused(Refusal.GARBAGE, "Expected a proof.")
        body = payload[1 + _CODE_BYTES :]
        self._transcript += _sized(body)
        _proved(self._secret, _DIALLER, self._transcript, payload, own_body=False)
        return _read_introduction(body)

    def welcome(self, mine: Introduction) -> bytes:
        """The frame that accepts the dialler and proves that this is the listener."""
        body = _encode(mine)
        return handshake_frame(Kind.WELCOME, _code(self._secret, _LISTENER, self._transcript + _sized(body)), body)

    def refuse(self, refused: Refused) -> bytes:
        """The frame that tells a proved dialler why it is refused."""
        body = _encode(_Refusing(refused.reason.value, str(refused)[:_LONGEST_TEXT]))
        return handshake_frame(Kind.REFUSED, _code(self._secret, _REFUSAL, self._transcript + _sized(body)), body)


def check_kinship(mine: Introduction, theirs: Introduction) -> None:
    """Raises `Refused` unless both run the same wire version, Python and system, and the peer means this sitting."""
    if theirs.wire != mine.wire:
        text = f"Wire version {_both(mine, mine.wire, theirs, theirs.wire)}; run the same release on both."
        raise Refused(Refusal.VERSION, text)
    if theirs.python != mine.python:
        text = f"Python {_both(mine, mine.python, theirs, theirs.python)}; run the same minor version on both."
        raise Refused(Refusal.PYTHON, text)
    if theirs.system != mine.system:
        text = f"System {_both(mine, mine.system, theirs, theirs.system)}; give each system its own secret."
        raise Refused(Refusal.SYSTEM, text)
    if (theirs.to_seat, theirs.to_epoch) != (mine.seat, mine.epoch):
        meant = Sitting(theirs.to_seat, theirs.to_epoch)
        raise Refused(Refusal.SITTING, f"Here is {mine.sitting}, and the peer meant {meant}.")


def _both(mine: Introduction, my_value: object, theirs: Introduction, their_value: object) -> str:
    """Names the sides by their sittings, since "here" would change its meaning on the way."""
    return f"{str(my_value)[:80]} on {mine.sitting}, {str(their_value)[:80]} on {theirs.sitting}"


def _nonce_of(payload: bytes, kind: Kind) -> bytes:
    start = bytes((kind,)) + MAGIC
    if not payload.startswith(start) or len(payload) != len(start) + NONCE_BYTES:
        raise Refused(Refusal.GARBAGE, f"Expected a {kind.name}.")
    return payload[len(start) :]


def _proved(secret: bytes, role: bytes, transcript: bytes, payload: bytes, *, own_body: bool = True) -> bytes:
    code, body = payload[1 : 1 + _CODE_BYTES], payload[1 + _CODE_BYTES :]
    if own_body:
        transcript += _sized(body)
    if not hmac.compare_digest(code, _code(secret, role, transcript)):
        raise Refused(Refusal.SECRET, "The peer does not know this system's secret.")
    return body


def _code(secret: bytes, role: bytes, transcript: bytes) -> bytes:
    return hmac.digest(secret, role + transcript, "sha256")


def _sized(body: bytes) -> bytes:
    """With its length, so that no two sequences of bodies have the same bytes."""
    return len(body).to_bytes(4, "big") + body


def _read_introduction(body: bytes) -> Introduction:
    try:
        return _introduction(body)
    except msgspec.DecodeError as error:
        raise Refused(Refusal.GARBAGE, f"The peer's introduction: {error}") from None


def _read_refusal(body: bytes) -> Refused:
    try:
        refusing = _refusing(body)
        return RefusedByPeer(Refusal(refusing.reason), refusing.text)
    except (msgspec.DecodeError, ValueError) as error:
        return Refused(Refusal.GARBAGE, f"The peer's refusal: {error}")

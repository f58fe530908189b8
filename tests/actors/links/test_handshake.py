"""The handshake: who knows the secret is told all, who does not is told nothing, and a recording proves nothing."""

import msgspec
import pytest

from actors.links.frames import LARGEST_HANDSHAKE, Kind, handshake_frame
from actors.links.handshake import NONCE_BYTES, Answering, Dialling, Introduction, check_kinship
from actors.links.refusals import Refusal, Refused, RefusedByPeer

SECRET = b"s" * 32
ADA = Introduction(
    wire=1, python="3.11", system="test", seat=0, epoch=7, to_seat=1, to_epoch=8,
    session=11, your_session=0, received=0, clock=1.0,
)  # fmt: skip
BOB = msgspec.structs.replace(ADA, seat=1, epoch=8, to_seat=0, to_epoch=7, session=12, clock=2.0)


def payload(frame: bytes) -> bytes:
    return frame[4:]


def nonce(letter: str) -> bytes:
    return letter.encode() * NONCE_BYTES


def opened(dialler_secret: bytes = SECRET, listener_secret: bytes = SECRET) -> tuple[Dialling, Answering, bytes]:
    dialling, answering = Dialling(dialler_secret, nonce("d")), Answering(listener_secret, nonce("l"))
    challenge = answering.challenge(payload(dialling.hello()), 0.0)
    return dialling, answering, payload(dialling.prove(payload(challenge), ADA))


def test_both_sides_learn_who_the_other_is() -> None:
    dialling, answering, proof = opened()
    assert answering.check(proof) == ADA
    assert dialling.conclude(payload(answering.welcome(BOB))) == BOB


def test_a_dialler_with_another_secret_is_refused() -> None:
    _, answering, proof = opened(dialler_secret=b"t" * 32)
    with pytest.raises(Refused) as caught:
        answering.check(proof)
    assert caught.value.reason is Refusal.SECRET


def test_a_listener_with_another_secret_is_refused() -> None:
    dialling, answering, _ = opened(listener_secret=b"t" * 32)
    with pytest.raises(Refused) as caught:
        dialling.conclude(payload(answering.welcome(BOB)))
    assert caught.value.reason is Refusal.SECRET


def test_every_changed_byte_of_a_proof_is_noticed() -> None:
    _, _, proof = opened()
    for place in range(len(proof)):
        _, answering, _ = opened()
        changed = bytearray(proof)
        changed[place] ^= 1
        with pytest.raises(Refused):
            answering.check(bytes(changed))


def test_a_recorded_proof_fails_against_a_fresh_challenge() -> None:
    dialling, _, proof = opened()
    later = Answering(SECRET, nonce("m"))
    later.challenge(payload(dialling.hello()), 0.0)
    with pytest.raises(Refused) as caught:
        later.check(proof)
    assert caught.value.reason is Refusal.SECRET


def test_a_recorded_welcome_fails_against_a_fresh_hello() -> None:
    _, answering, proof = opened()
    answering.check(proof)
    welcome = payload(answering.welcome(BOB))
    later = Dialling(SECRET, nonce("e"))
    challenge = Answering(SECRET, nonce("l")).challenge(payload(later.hello()), 0.0)
    later.prove(payload(challenge), ADA)
    with pytest.raises(Refused):
        later.conclude(welcome)


def test_a_proof_sent_back_is_no_welcome() -> None:
    dialling, _, proof = opened()
    with pytest.raises(Refused):
        dialling.conclude(b"\x04" + proof[1:])


def test_a_proved_dialler_is_told_why_it_is_refused() -> None:
    dialling, answering, proof = opened()
    answering.check(proof)
    refusal = payload(answering.refuse(Refused(Refusal.VERSION, "1 and 2")))
    with pytest.raises(RefusedByPeer, match="1 and 2") as caught:
        dialling.conclude(refusal)
    assert caught.value.reason is Refusal.VERSION


def test_a_refusal_without_the_secret_is_not_believed() -> None:
    dialling, answering, _ = opened(listener_secret=b"t" * 32)
    with pytest.raises(Refused) as caught:
        dialling.conclude(payload(answering.refuse(Refused(Refusal.GIVEN_UP, "go away"))))
    assert caught.value.reason is Refusal.SECRET


@pytest.mark.parametrize(
    ("field", "value", "reason", "text"),
    [
        ("wire", 2, Refusal.VERSION, "1 on .*2 on "),
        ("python", "3.12", Refusal.PYTHON, r"3\.11 on .*3\.12 on "),
        ("system", "other", Refusal.SYSTEM, "test on .*other on "),
        ("to_epoch", 9, Refusal.SITTING, "0.8.*0.9"),
    ],
)
def test_a_refusal_names_both_sides(field: str, value: object, reason: Refusal, text: str) -> None:
    theirs = msgspec.structs.replace(ADA, **{field: value})
    with pytest.raises(Refused, match=text) as caught:
        check_kinship(BOB, theirs)
    assert caught.value.reason is reason


@pytest.mark.parametrize("garbage", [b"", b"\x01", b"\x02" + b"x" * 42, b"GET / HTTP/1.1", b"\x80\x04\x95" + b"x" * 40])
def test_garbage_is_no_hello(garbage: bytes) -> None:
    with pytest.raises(Refused) as caught:
        Answering(SECRET, nonce("l")).challenge(garbage, 0.0)
    assert caught.value.reason is Refusal.GARBAGE


def test_a_frame_of_the_opening_is_no_longer_than_a_peer_reads() -> None:
    frame = handshake_frame(Kind.HELLO, bytes(LARGEST_HANDSHAKE - 2), b"x")
    assert len(payload(frame)) == LARGEST_HANDSHAKE
    with pytest.raises(ValueError, match="too long"):
        handshake_frame(Kind.HELLO, bytes(LARGEST_HANDSHAKE))

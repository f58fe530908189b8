"""A dialler tries until the peer has proved itself, and insists only after a tie."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from actors.links import LinkState, Refusal, TcpEndpoint
from actors.links import frames as wire
from actors.links.handshake import Answering, Introduction
from actors.links.refusals import Refused
from tests.actors.links.hosts import SECRET, Host, run, settings, sitting, until

HERE, THERE = TcpEndpoint("here", 1), TcpEndpoint("there", 2)
PEER = sitting(2)


class Peer:
    """Answers each dial as its script says next; the last line of the script holds for all that follow."""

    def __init__(self, *script: str) -> None:
        self.script = list(script)
        self.dialled: list[TcpEndpoint] = []
        self.introductions: list[Introduction] = []
        self.wires: list[Wire] = []

    async def dial(self, endpoint: TcpEndpoint, make: Callable[[], Any]) -> "Wire":
        self.dialled.append(endpoint)
        line = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if line == "nobody":
            raise ConnectionRefusedError("nobody listens")
        one = Wire(make())
        self.wires.append(one)
        one.protocol.connection_made(one)
        if line == "silent":
            return one
        answering = Answering(SECRET, b"n" * 32)
        one.says(answering.challenge(one.heard(), 0.0))
        mine = answering.check(one.heard())
        self.introductions.append(mine)
        theirs = Introduction(
            wire=mine.wire,
            python=mine.python,
            system=mine.system,
            seat=PEER.seat,
            epoch=PEER.epoch + (line == "stranger"),
            to_seat=mine.seat,
            to_epoch=mine.epoch,
            session=7 + (line == "forgetful"),
            your_session=mine.session if line != "forgetful" else 99,
            received=5 if line == "ahead" else 0,
            clock=0.0,
        )
        if line in {"tie", "given up"}:
            reason = Refusal.TIE if line == "tie" else Refusal.GIVEN_UP
            one.says(answering.refuse(Refused(reason, line)))
        else:
            one.says(answering.welcome(theirs))
        return one


class Wire:
    """The transport of one dial."""

    def __init__(self, protocol: Any) -> None:
        self.protocol = protocol
        self.written: list[bytes] = []
        self.aborted = False

    def heard(self) -> bytes:
        """The last frame that was written, without its length."""
        return self.written[-1][wire.LENGTH.size :]

    def says(self, frame: bytes) -> None:
        self.protocol.get_buffer(-1)[: len(frame)] = frame
        self.protocol.buffer_updated(len(frame))

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.abort()

    def abort(self) -> None:
        if not self.aborted:
            self.aborted = True
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    def is_closing(self) -> bool:
        return self.aborted


def host_of(peer: Peer, **bounds: Any) -> Host:
    return Host(sitting(1), dial=peer.dial, settings=settings(**bounds))


def test_endpoints_are_tried_in_order_until_one_leads_to_the_peer() -> None:
    async def main() -> None:
        peer = Peer("nobody", "nobody", "nobody", "it")
        host = host_of(peer)
        link = host.links.to(PEER, (HERE, THERE))
        await until(lambda: link.state is LinkState.UP)
        assert peer.dialled == [HERE, THERE, HERE, THERE]
        assert host.states[PEER] == [LinkState.UNREACHABLE, LinkState.UP]
        assert link._dialler._task is link._dialler._attempt is None
        await host.links.close(0.01)

    run(main)


def test_after_a_tie_it_insists_and_after_a_welcome_no_more() -> None:
    async def main() -> None:
        peer = Peer("tie", "it", "it")
        host = host_of(peer)
        link = host.links.to(PEER, (HERE,))
        await until(lambda: link.state is LinkState.UP)
        peer.wires[-1].abort()
        await until(lambda: len(peer.introductions) == 3)
        assert [it.insists for it in peer.introductions] == [False, True, False]
        assert host.links.stats().refused_by_peers == {Refusal.TIE: 1}
        await host.links.close(0.01)

    run(main)


def test_a_refusal_for_good_ends_the_session_and_no_more_is_dialled() -> None:
    async def main() -> None:
        peer = Peer("given up")
        host = host_of(peer)
        link = host.links.to(PEER, (HERE, THERE))
        await until(lambda: link.state is LinkState.GIVEN_UP)
        assert peer.dialled == [HERE]
        assert peer.wires[0].aborted
        assert link._dialler._task is None
        assert host.links.stats().refused_by_peers == {Refusal.GIVEN_UP: 1}
        await host.links.close(0.01)

    run(main)


@pytest.mark.parametrize(
    ("who", "refusal", "final"),
    [
        ("stranger", Refusal.SITTING, False),
        ("forgetful", Refusal.LOST, True),
        ("ahead", Refusal.LOST, True),
    ],
)
def test_who_is_not_the_peer_or_has_another_session_is_not_taken(who: str, refusal: Refusal, final: bool) -> None:
    async def main() -> None:
        peer = Peer(who)
        host = host_of(peer)
        link = host.links.to(PEER, (HERE,))
        await until(lambda: host.links.stats().refused.get(refusal))
        assert peer.wires[0].aborted
        await until(lambda: link.state is (LinkState.GIVEN_UP if final else LinkState.UNREACHABLE))
        assert link.stats().connections == 0
        await host.links.close(0.01)

    run(main)


def test_who_does_not_answer_in_time_is_hung_up_on() -> None:
    async def main() -> None:
        peer = Peer("silent", "it")
        host = host_of(peer, connect_seconds=0.01)
        link = host.links.to(PEER, (HERE,))
        await until(lambda: link.state is LinkState.UP)
        assert [wire.aborted for wire in peer.wires] == [True, False]
        assert LinkState.UNREACHABLE in host.states[PEER]
        await host.links.close(0.01)

    run(main)


def test_a_connection_that_ends_during_the_handshake_is_a_miss() -> None:
    async def main() -> None:
        peer = Peer("silent", "nobody")
        host = host_of(peer, backoff_seconds=60.0, backoff_most_seconds=60.0)
        link = host.links.to(PEER, (HERE,))
        await until(lambda: peer.wires)
        peer.wires[0].protocol.connection_lost(ConnectionResetError("reset"))
        await until(lambda: link.state is LinkState.UNREACHABLE)
        assert link.reason == "during the handshake: reset"
        link._dialler.stop()
        assert peer.dialled == [HERE]
        await host.links.close(0.01)

    run(main)


def test_bytes_of_a_stranger_that_are_no_frame_are_counted() -> None:
    async def main() -> None:
        peer = Peer("silent")
        host = host_of(peer)
        host.links.to(PEER, (HERE,))
        await until(lambda: peer.wires)
        peer.wires[0].says(wire.LENGTH.pack(2**31))
        assert host.links.stats().refused == {Refusal.OVERSIZED: 1}
        await host.links.close(0.01)

    run(main)


def test_a_dial_is_broken_off_unless_the_peer_may_have_accepted_it() -> None:
    async def main() -> None:
        peer = Peer("silent")
        host = host_of(peer)
        dialler = host.links.to(PEER, (HERE,))._dialler
        await until(lambda: peer.wires)
        dialler.stop_unless_proved()
        assert dialler._task is None
        await until(lambda: peer.wires[0].aborted)
        dialler.start(politely=False)
        await until(lambda: len(peer.wires) == 2)
        answering = Answering(SECRET, b"n" * 32)
        peer.wires[1].says(answering.challenge(peer.wires[1].heard(), 0.0))
        dialler.stop_unless_proved()
        assert dialler._task is not None
        await host.links.close(0.01)

    run(main)


def test_pauses_double_up_to_a_limit_and_begin_anew_after_a_success() -> None:
    async def main() -> None:
        host = host_of(Peer("silent"), backoff_seconds=0.5, backoff_most_seconds=1.5)
        dialler = host.links.to(PEER)._dialler
        pauses: list[float] = []
        for _ in range(4):
            dialler.slow_down()
            pauses.append(dialler._pause)
        assert pauses == [0.5, 1.0, 1.5, 1.5]
        dialler.succeeded()
        assert dialler._pause == 0.0
        await host.links.close(0.01)

    run(main)


def test_nothing_is_dialled_twice_at_once_or_without_an_endpoint() -> None:
    async def main() -> None:
        peer = Peer("silent")
        host = host_of(peer)
        dialler = host.links.to(PEER)._dialler
        dialler.start(politely=False)
        assert dialler._task is None
        dialler.aim((HERE,))
        dialler.start(politely=False)
        task = dialler._task
        dialler.start(politely=False)
        assert dialler._task is task
        await host.links.close(0.01)

    run(main)

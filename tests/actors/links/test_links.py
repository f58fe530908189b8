"""Links between hosts over real sockets: states, ties, bounds, endings, clients, leases and clocks."""

import asyncio
import time
from pathlib import Path

import pytest

from actors.address import Sitting
from actors.links import LinkSettings, LinkState, Refusal, TcpEndpoint
from tests.actors.links.hosts import Host, close, run, settings, sitting, until, up

BOTH_LOOPS = pytest.mark.parametrize("fast", [False, True], ids=["asyncio", "uvloop"])


@pytest.fixture
def sockets(tmp_path: Path) -> Path:
    return tmp_path / "sockets"


@BOTH_LOOPS
def test_records_arrive_in_order_both_ways(sockets: Path, fast: bool) -> None:
    async def main() -> None:
        ada, bob = await Host(sitting(0)).listen(sockets), await Host(sitting(1)).listen(sockets)
        out, back = ada.to(bob), bob.to(ada)
        records = [b"%d" % number for number in range(20_000)]
        assert all(out.send(record) and back.send(record) for record in records)
        await until(lambda: len(bob.from_(ada)) == len(ada.from_(bob)) == len(records))
        assert bob.from_(ada) == ada.from_(bob) == records
        await close(ada, bob)
        assert bob.states[ada.me][-1] is ada.states[bob.me][-1] is LinkState.CLOSED

    run(main, fast=fast)


@BOTH_LOOPS
def test_when_both_dial_at_once_the_lower_epochs_connection_stays(sockets: Path, fast: bool) -> None:
    async def main() -> None:
        for attempt in range(30):
            directory = sockets / str(attempt)
            low, high = await Host(sitting(0)).listen(directory), await Host(sitting(1)).listen(directory)
            first, second = (low, high) if attempt % 2 else (high, low)
            one = first.to(second)
            await asyncio.sleep(0 if attempt < 10 else (attempt - 10) * 0.0001)
            other = second.to(first)
            for number in range(100):
                one.send(b"%d" % number)
                other.send(b"%d" % number)
            await until(lambda first=first, second=second: len(second.from_(first)) == len(first.from_(second)) == 100)
            assert second.from_(first) == first.from_(second) == [b"%d" % number for number in range(100)]
            await until(lambda one=one, other=other: one.state is other.state is LinkState.UP)
            await close(low, high)
            assert low.given_up[high.me] == high.given_up[low.me] == ([], [])

    run(main, fast=fast)


def test_losing_the_connection_again_and_again_under_load_loses_nothing(sockets: Path) -> None:
    async def main() -> None:
        ada, bob = await Host(sitting(0)).listen(sockets), await Host(sitting(1)).listen(sockets)
        out, back = await up(ada.to(bob)), bob.to(ada)
        number = 0
        for cut in range(60):
            for _ in range(200):
                record = b"%d" % number
                assert out.send(record)
                assert back.send(record)
                number += 1
            await asyncio.sleep(0)
            for link in (out, back)[cut % 3 % 2 :]:
                if link._connection is not None:
                    link._connection.abort()
            await until(lambda number=number: len(bob.from_(ada)) > number - 400)
        await until(lambda: len(bob.from_(ada)) == len(ada.from_(bob)) == number)
        assert bob.from_(ada) == ada.from_(bob) == [b"%d" % n for n in range(number)]
        assert out.stats().connections > 10
        await close(ada, bob)

    run(main, fast=True)


def test_whoever_hears_that_a_link_is_up_finds_its_connection_counted(sockets: Path) -> None:
    async def main() -> None:
        ada, bob = Host(sitting(0)), await Host(sitting(1)).listen(sockets)
        found: list[tuple[LinkState, int]] = []
        ada.link_state = lambda _, state: found.append((state, link.stats().connections))
        link = ada.to(bob)
        await until(lambda: found)
        assert found == [(LinkState.UP, 1)]
        await close(ada, bob)

    run(main)


def test_records_wait_for_a_peer_that_does_not_listen_yet(sockets: Path) -> None:
    async def main() -> None:
        ada, bob = Host(sitting(0)), await Host(sitting(1)).listen(sockets)
        nowhere = TcpEndpoint("127.0.0.1", 1)
        link = ada.links.to(bob.me, (nowhere,))
        link.send(b"early")
        await until(lambda: link.state is LinkState.UNREACHABLE)
        ada.to(bob)
        await until(lambda: bob.from_(ada) == [b"early"])
        assert ada.states[bob.me] == [LinkState.UNREACHABLE, LinkState.UP]
        await close(ada, bob)

    run(main)


def test_a_full_buffer_refuses_until_the_peer_acknowledges(sockets: Path) -> None:
    async def main() -> None:
        allowed = False
        ada = Host(sitting(0), settings=settings(buffer_bytes=10_000), may_flush=lambda: allowed)
        bob = await Host(sitting(1)).listen(sockets)
        link = await up(ada.to(bob))
        taken = 0
        while link.send(b"x" * 100):
            taken += 1
        waiting = asyncio.create_task(link.room())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        assert not bob.from_(ada)
        allowed = True
        ada.links.flush()
        assert await waiting
        assert link.send(b"again")
        await until(lambda: len(bob.from_(ada)) == taken + 1)
        with pytest.raises(ValueError, match="never"):
            await link.room(10_000)
        await close(ada, bob)
        assert not await link.room()
        assert not link.send(b"late")
        assert link.send_large([b"late"]) is None

    run(main)


def test_a_lapsed_lease_withholds_records_and_nothing_else(sockets: Path) -> None:
    async def main() -> None:
        leased = False
        ada = Host(sitting(0), may_flush=lambda: leased, settings=settings(heartbeat_seconds=0.02))
        bob = await Host(sitting(1)).listen(sockets)
        link = await up(ada.to(bob))
        link.send(b"later")
        before = link.clock.rtt
        await until(lambda: link.clock.rtt != before)
        assert not bob.from_(ada)
        leased = True
        await until(lambda: bob.from_(ada) == [b"later"])
        await close(ada, bob)

    run(main)


def test_small_records_pass_between_the_chunks_of_a_large_one(sockets: Path) -> None:
    async def main() -> None:
        ada, bob = Host(sitting(0)), await Host(sitting(1)).listen(sockets)
        link = await up(ada.to(bob))
        whole = bytes(range(256)) * 40_000
        stream = link.send_large([whole[:1], memoryview(whole)[1:5_000_000], b"", whole[5_000_000:]])
        sent = 0
        while not bob.large:
            link.send(b"small")
            sent += 1
            await asyncio.sleep(0)
        await until(lambda: len(bob.from_(ada)) == sent)
        assert bob.large == [(stream, whole)]
        assert bob.order.index("large") > 10
        assert await link.room_for_large(LinkSettings().largest_bytes)
        await close(ada, bob)

    run(main, fast=True)


def test_goodbye_delivers_everything_first(sockets: Path) -> None:
    async def main() -> None:
        ada, bob = Host(sitting(0)), await Host(sitting(1)).listen(sockets)
        link = ada.to(bob)
        for number in range(5000):
            link.send(b"%d" % number)
        link.send_large([b"large" * 100_000])
        await ada.links.close(5.0)
        assert link.state is LinkState.CLOSED
        assert ada.given_up[bob.me] == ([], [])
        assert len(bob.from_(ada)) == 5000
        assert len(bob.large) == 1
        await until(lambda: bob.states[ada.me][-1] is LinkState.CLOSED)
        assert bob.given_up[ada.me] == ([], [])
        assert not bob.links.stats().links
        await close(bob)

    run(main)


def test_close_gives_up_what_an_absent_peer_never_took(sockets: Path) -> None:
    async def main() -> None:
        ada = Host(sitting(0))
        link = ada.links.to(sitting(1), (TcpEndpoint("127.0.0.1", 1),))
        link.send(b"kept")
        stream = link.send_large([b"kept too"])
        await ada.links.close(0.02)
        assert ada.given_up[sitting(1)] == ([], [b"kept"])
        assert ada.large_given_up == [([], [stream])]

    run(main)


def test_a_verdict_tells_what_may_have_arrived_from_what_has_not(sockets: Path) -> None:
    async def main() -> None:
        leased = True
        # Its acknowledgements come so late that what it received counts as unacknowledged.
        bob = await Host(sitting(1), settings=settings(ack_seconds=1000)).listen(sockets)
        ada = Host(sitting(0), may_flush=lambda: leased)
        link = await up(ada.to(bob))
        link.send(b"one")
        link.send(b"two")
        await until(lambda: len(bob.from_(ada)) == 2)
        leased = False
        link.send(b"three")
        ada.links.give_up(bob.me)
        assert ada.given_up[bob.me] == ([b"one", b"two"], [b"three"])
        assert ada.states[bob.me][-1] is LinkState.GIVEN_UP
        again = ada.to(bob)
        assert again.state is LinkState.GIVEN_UP
        assert not again.send(b"more")
        assert not await again.room()
        await close(ada, bob)

    run(main)


def test_the_first_end_of_a_link_is_the_only_one(sockets: Path) -> None:
    async def main() -> None:
        ada, bob = Host(sitting(0)), await Host(sitting(1)).listen(sockets)
        link = await up(ada.to(bob))
        ada.links.give_up(bob.me)
        told = list(ada.states[bob.me])
        ada.given_up.clear()
        link.end(LinkState.CLOSED, "once more")
        assert link.state is LinkState.GIVEN_UP
        assert ada.states[bob.me] == told
        assert not ada.given_up
        await close(ada, bob)

    run(main)


def test_clients_have_no_seat_that_one_could_take_from_another(sockets: Path) -> None:
    async def main() -> None:
        bob = await Host(sitting(1)).listen(sockets)
        first, second = Host(sitting(-1, 5)), Host(sitting(-1, 6))
        links = [await up(one.to(bob)) for one in (first, second)]
        for link in links:
            link.send(b"still here")
        await until(lambda: bob.from_(first) == bob.from_(second) == [b"still here"])
        assert [link.state for link in links] == [LinkState.UP] * 2
        await close(first, second, bob)

    run(main)


def test_a_sitting_that_was_given_up_is_refused_and_learns_it(sockets: Path) -> None:
    async def main() -> None:
        ada, bob = await Host(sitting(0)).listen(sockets), await Host(sitting(1)).listen(sockets)
        link = await up(ada.to(bob))
        link.send(b"to bob")
        await until(lambda: bob.from_(ada))
        back = bob.to(ada)
        ada.links.give_up(bob.me)
        back.send(b"to ada")
        await until(lambda: bob.me in ada.given_up and ada.me in bob.given_up)
        assert bob.states[ada.me][-1] is LinkState.GIVEN_UP
        assert "given up" in back.reason
        assert ada.links.stats().refused[Refusal.GIVEN_UP] == 1
        assert bob.links.stats().refused_by_peers[Refusal.GIVEN_UP] == 1
        await close(ada, bob)

    run(main)


def test_a_new_epoch_on_a_seat_ends_the_session_with_the_old_one(sockets: Path) -> None:
    async def main() -> None:
        ada = await Host(sitting(0)).listen(sockets)
        old, new = Host(sitting(1, 2)), Host(sitting(1, 3))
        await up(old.to(ada))
        ada.links.to(old.me).send(b"to the old")
        await until(lambda: old.from_(ada))
        await up(new.to(ada))
        await until(lambda: old.me in ada.given_up and ada.me in old.given_up)
        assert old.states[ada.me][-1] is LinkState.GIVEN_UP
        assert ada.links.stats().refused[Refusal.SUPERSEDED] == 1
        ada.links.to(new.me).send(b"to the new")
        await until(lambda: new.from_(ada) == [b"to the new"])
        assert ada.links.to(old.me).state is LinkState.GIVEN_UP
        await close(ada, old, new)

    run(main)


def test_a_client_hears_replies_and_is_forgotten_when_it_stays_away(sockets: Path) -> None:
    async def main() -> None:
        ada = await Host(sitting(0), settings=settings(client_seconds=0.05, heartbeat_seconds=0.02)).listen(sockets)
        client = Host(Sitting(-1, -(2**62) - 12345))
        link = client.to(ada)
        link.send(b"ask")
        await until(lambda: ada.from_(client) == [b"ask"])
        reply = ada.links.to(client.me)
        reply.send(b"answer")
        await until(lambda: client.from_(ada) == [b"answer"])
        # It vanishes as a killed process would.
        link._dialler.stop()
        link._dialler.aim(())
        link._connection.abort()
        reply.send(b"too late")
        await until(lambda: client.me in ada.given_up)
        unacked, never_sent = ada.given_up[client.me]
        assert [*unacked, *never_sent][-1] == b"too late"
        assert not ada.links.stats().links
        # It comes back with a session that is gone, and hears so.
        client.to(ada)
        await until(lambda: ada.me in client.given_up)
        assert client.links.stats().refused_by_peers[Refusal.LOST] == 1
        # After that it can begin anew.
        client.to(ada).send(b"anew")
        await until(lambda: ada.from_(client) == [b"ask", b"anew"])
        await close(client, ada)

    run(main)


def test_a_host_that_listens_at_anothers_address_is_not_mistaken_for_it(sockets: Path) -> None:
    async def main() -> None:
        ada, bob = Host(sitting(0)), await Host(sitting(1)).listen(sockets)
        link = ada.links.to(sitting(2), bob.endpoints)
        link.send(b"for another")
        await until(lambda: bob.links.stats().refused.get(Refusal.SITTING, 0) > 1)
        assert link.state is LinkState.UNREACHABLE
        assert str(bob.me) in link.reason
        await close(ada, bob)
        assert ada.given_up[sitting(2)] == ([], [b"for another"])

    run(main)


def test_the_offset_between_two_clocks_is_measured_within_half_a_round_trip(sockets: Path) -> None:
    async def main() -> None:
        ada = Host(sitting(0))
        bob = await Host(sitting(1), clock=lambda: time.monotonic() + 3600.0).listen(sockets)
        link = await up(ada.to(bob))
        await until(lambda: ada.me in bob.states)
        for here, there in ((link, 3600.0), (bob.links.to(ada.me), -3600.0)):
            stats = here.stats()
            assert stats.rtt is not None
            assert abs(here.offset - there) <= stats.offset_error
        await close(ada, bob)

    run(main)

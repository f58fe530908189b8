"""Which peer that has proved the secret a host takes, and with which session: the rules, without sockets."""

from typing import Any

import pytest

from actors.address import Sitting
from actors.links import Link, LinkState, Refusal
from actors.links.handshake import Introduction
from actors.links.refusals import Refused
from tests.actors.links.alone import Line
from tests.actors.links.hosts import Host, run, settings, sitting

ME, PEER = sitting(1), sitting(2)


def introduced(host: Host, peer: Sitting = PEER, **facts: Any) -> Introduction:
    usual: dict[str, Any] = {
        "wire": host.links._station.wire,
        "python": host.links._station.python,
        "system": "test",
        "seat": peer.seat,
        "epoch": peer.epoch,
        "to_seat": host.me.seat,
        "to_epoch": host.me.epoch,
        "session": 5,
        "your_session": 0,
        "received": 0,
        "clock": 0.0,
    }
    return Introduction(**usual | facts)


def admitted(host: Host, peer: Sitting = PEER, **facts: Any) -> Link:
    """The link that the peer gets; its session is known as the peer's from then on."""
    link: Any = host.links._admit(introduced(host, peer, **facts))
    link.session.peer_number = facts.get("session", 5)
    return link


def refusal(host: Host, peer: Sitting = PEER, **facts: Any) -> Refusal:
    with pytest.raises(Refused) as refused:
        host.links._admit(introduced(host, peer, **facts))
    return refused.value.reason


def test_a_peer_gets_one_link_however_often_it_comes() -> None:
    async def main() -> None:
        host = Host(ME)
        link = admitted(host)
        assert link.peer == PEER
        assert admitted(host) is admitted(host, your_session=link.session.number) is link
        await host.links.close(0.01)

    run(main)


def test_a_peer_that_has_begun_anew_gets_a_new_link_and_the_old_one_is_given_up() -> None:
    async def main() -> None:
        host = Host(ME)
        old = admitted(host)
        new = admitted(host, session=6)
        assert new is not old
        assert (old.state, old.reason) == (LinkState.GIVEN_UP, "the peer began a new session")
        assert host.links.to(PEER) is new
        await host.links.close(0.01)

    run(main)


@pytest.mark.parametrize("known", [True, False])
def test_a_session_that_is_not_there_any_more_is_lost(known: bool) -> None:
    async def main() -> None:
        host = Host(ME)
        if known:
            admitted(host)
        assert refusal(host, your_session=99) is Refusal.LOST
        await host.links.close(0.01)

    run(main)


def test_a_peer_that_has_received_what_was_never_sent_has_another_session() -> None:
    async def main() -> None:
        host = Host(ME)
        link = admitted(host)
        link.session.outgoing.sequence = 3
        assert admitted(host, received=3) is link
        assert refusal(host, received=4) is Refusal.LOST
        await host.links.close(0.01)

    run(main)


def test_a_connection_that_was_dialled_here_stays_unless_the_peer_insists() -> None:
    async def main() -> None:
        host = Host(ME)
        link: Any = admitted(host)
        link._connection, link._dialled_here = Line(0.0), True
        assert refusal(host) is Refusal.TIE
        assert admitted(host, insists=True) is link
        link._connection = None
        await host.links.close(0.01)

    run(main)


def test_nobody_is_admitted_beyond_the_bound_or_while_the_host_closes_but_who_has_a_link() -> None:
    async def main() -> None:
        host = Host(ME, settings=settings(most_links=1))
        link = admitted(host)
        assert refusal(host, sitting(3)) is Refusal.CROWDED
        host.links._closing = True
        assert refusal(host, sitting(3)) is Refusal.CLOSING
        assert admitted(host) is link
        assert host.links.to(sitting(3)).state is LinkState.CLOSED
        await host.links.close(0.01)

    run(main)


def test_a_connection_that_still_holds_bytes_when_the_time_is_over_is_ended_by_force() -> None:
    async def main() -> None:
        host, line = Host(ME), Line(0.0)
        host.links._station.open.add(line)
        await host.links.close(0.01)
        assert line.ended == ["aborted"]

    run(main)


def test_a_host_that_has_closed_makes_no_link() -> None:
    async def main() -> None:
        host = Host(ME)
        await host.links.close(0.01)
        assert host.links.to(PEER).state is LinkState.CLOSED
        assert refusal(host) is Refusal.CLOSING

    run(main)


def test_no_host_admits_itself_or_who_means_another() -> None:
    async def main() -> None:
        host = Host(ME)
        assert refusal(host, ME) is Refusal.SITTING
        assert refusal(host, to_seat=9) is Refusal.SITTING
        assert refusal(host, to_epoch=9) is Refusal.SITTING
        await host.links.close(0.01)

    run(main)


@pytest.mark.parametrize("seat", [0, 2])
def test_no_old_life_of_a_seat_is_admitted_and_a_newer_one_ends_it(seat: int) -> None:
    async def main() -> None:
        host = Host(ME)
        old, new, newest = (sitting(seat, counter) for counter in (5, 6, 7))
        first = admitted(host, old)
        second = admitted(host, new)
        assert (first.state, host.links.is_superseded(old), host.links.is_superseded(new)) == (
            LinkState.GIVEN_UP,
            True,
            False,
        )
        assert refusal(host, old) is Refusal.SUPERSEDED
        host.links.give_up(new)
        assert second.state is LinkState.GIVEN_UP
        host.links.give_up(old)  # a verdict that comes late takes none back
        assert refusal(host, new) is refusal(host, old) is Refusal.GIVEN_UP
        assert admitted(host, newest).state is LinkState.CONNECTING
        await host.links.close(0.01)

    run(main)


def test_clients_have_no_seat_that_could_be_given_up_or_taken() -> None:
    async def main() -> None:
        host = Host(ME)
        first, second = Sitting(-1, 8), Sitting(-1, 5)
        link = admitted(host, first)
        assert admitted(host, second).state is link.state is LinkState.CONNECTING
        host.links.give_up(first)
        assert link.state is LinkState.GIVEN_UP
        assert admitted(host, first) is not link
        await host.links.close(0.01)

    run(main)

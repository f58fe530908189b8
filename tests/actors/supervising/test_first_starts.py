"""A child's first start: where it is made, who waits for it, what it is called, and what is left when it fails."""

import asyncio
from typing import Any

import pytest

from actors import (
    Directive,
    EndReason,
    Shutdown,
    StopReport,
)
from actors.address import Address
from actors.errors import Fenced, NameTaken, SpawnFailed
from actors.supervising.child import Child
from actors.supervising.signals import (
    Cause,
    ChildEnded,
    ChildFailed,
    Failure,
    Spec,
    StartChild,
    StopChild,
)
from tests.actors.supervising.owner import HERE, THERE, Any1, Make, Owner


def test_a_child_here_starts_at_once_and_one_elsewhere_is_told_to(owner_of: Make):
    owner = owner_of()
    assert owner.children.start(Spec(Any1), None, HERE, 11).running
    assert owner.sent == []
    child = owner.children.start(Spec(Any1), None, THERE, 12)
    assert owner.sent == [StartChild(child.address, 1, child.spec, owner.address, "")]
    assert not child.running


def test_a_child_is_spoken_of_by_its_name_or_else_by_its_address(owner_of: Make):
    owner = owner_of()
    assert owner.children.label(owner.spawn(HERE)) == "/owner/child 1 (Any1)"
    child = owner.children.start(Spec(Any1), None, THERE, 99)
    assert owner.children.label(child) == f"Any1 {child.address}"


@pytest.mark.parametrize("reason", [EndReason.STOPPED, EndReason.FAILED])
def test_a_significant_child_that_ends_in_its_first_start_counts_unless_its_spawner_is_told(
    owner_of: Make, reason: EndReason
):
    owner = owner_of(shutdown=Shutdown.ANY_SIGNIFICANT, decide=lambda error: Directive.STOP)
    told, waiting = awaited(owner, significant=True)
    child = owner.children.start(Spec(Any1, significant=True), None, THERE, 11)
    for it, stopped in ((told, 0), (child, 1)):
        if reason is EndReason.FAILED:
            owner.fail(it, starting=True)
        owner.children.on_signal(ChildEnded(it.address, 1, reason, StopReport()))
        assert owner.stopped == stopped
    with pytest.raises(SpawnFailed):
        owner.host.loop.run_until_complete(waiting)


def awaited(owner: Owner, significant: bool = False) -> tuple[Child, "asyncio.Task[None]"]:
    """A child whose first start somebody awaits."""
    child = owner.children.start(Spec(Any1, significant=significant), None, THERE, 99)
    waiting = owner.host.loop.create_task(owner.children.started([child], 100.0))
    turn(owner)
    owner.sent.clear()
    return child, waiting


def turn(owner: Owner) -> None:
    owner.host.loop.run_until_complete(asyncio.sleep(0))


def test_whoever_gives_up_a_start_waits_no_longer_and_the_child_is_told_to_end(owner_of: Make):
    owner = owner_of()
    child, waiting = awaited(owner)
    waiting.cancel()
    for _ in range(2):
        turn(owner)
    assert waiting.cancelled()
    assert owner.sent == [StopChild(child.address, owner.address, EndReason.STOPPED)]


def test_what_fails_because_an_awaited_start_has_failed_is_not_charged_again(owner_of: Make):
    owner = owner_of(restarts=1)
    linked = owner.spawn(HERE)
    child, waiting = awaited(owner)
    owner.fail(child, starting=True)
    turn(owner)
    owner.sent.clear()
    failure = Failure("LinkedExit", "the other one failed", "")
    owner.children.on_signal(ChildFailed(linked.address, 1, failure, False, cause=Cause(child.address, 1)))
    assert owner.taken() == [("StartChild", linked.number, 2)]
    assert not owner.errors
    owner.children.on_signal(ChildEnded(child.address, 1, EndReason.FAILED, StopReport()))
    with pytest.raises(SpawnFailed):
        owner.host.loop.run_until_complete(waiting)


def test_a_first_start_that_failed_with_another_is_not_charged_for_it(owner_of: Make):
    owner = owner_of(restarts=1)
    first = owner.spawn(HERE)
    child, waiting = awaited(owner)
    owner.fail(first)
    failure = Failure("LinkedExit", "the other one failed", "")
    owner.children.on_signal(ChildFailed(child.address, 1, failure, True, cause=Cause(first.address, 1)))
    assert not owner.errors
    owner.children.on_signal(ChildEnded(child.address, 1, EndReason.FAILED, StopReport()))
    with pytest.raises(SpawnFailed):
        owner.host.loop.run_until_complete(waiting)


def test_a_name_that_is_not_granted_is_taken(owner_of: Make):
    owner = owner_of()

    async def refuse(name: str, address: Address) -> bool:
        return False

    owner.claim = refuse
    owner.host.next_number = lambda: 11
    with pytest.raises(NameTaken, match="'ann'"):
        owner.host.loop.run_until_complete(owner.children.number_for("ann", HERE))


def test_a_name_that_may_have_been_granted_to_who_no_longer_wants_it_is_freed(owner_of: Make):
    owner = owner_of()
    freed: list[tuple[str, int]] = []

    async def lose_the_answer(name: str, address: Address) -> bool:
        raise TimeoutError("the directory does not answer")

    owner.claim = lose_the_answer
    owner.released = lambda name, address: freed.append((name, address.number))
    owner.host.next_number = lambda: 11
    with pytest.raises(TimeoutError):
        owner.host.loop.run_until_complete(owner.children.number_for("ann", HERE))
    assert freed == [("ann", 11)]


def test_an_incarnation_that_has_ended_starts_no_child(owner_of: Make):
    owner = owner_of()
    owner.children.close()
    with pytest.raises(Fenced, match="/owner: this incarnation has ended"):
        owner.children.start(Spec(Any1), None, HERE, 11)
    assert len(owner.children) == 0


def test_a_first_start_that_cannot_be_sent_leaves_no_child_and_its_name_free(owner_of: Make):
    owner = owner_of()

    def refuse(to: Address, signal: Any) -> None:
        raise TypeError("cannot be encoded")

    send, owner.host.signal = owner.host.signal, refuse
    with pytest.raises(TypeError, match="cannot be encoded"):
        owner.children.start(Spec(Any1), "ann", THERE, 11)
    assert len(owner.children) == 0
    owner.host.signal = send
    assert owner.children.start(Spec(Any1), "ann", THERE, 12).name == "ann"

"""Operations reach the actors of all hosts, and name a host that does not answer."""

import pytest

from actors import Actor, NotRunning, call
from actors.operations import operations
from actors.operations.operations import Operations, ask_hosts
from tests.actors.town import Town, in_town


class Idler(Actor):
    @call
    def doze(self) -> None:
        pass


class Nothing:
    """Operations that need no backend have none."""


def test_a_host_that_does_not_answer_is_named_and_the_others_are_shown(monkeypatch):
    monkeypatch.setattr(operations, "PATIENCE", 10.0)

    async def main(town: Town) -> None:
        one, two, three = [await town.settle() for _ in range(3)]
        here, there = await one.spawn(Idler), await two.spawn(Idler)
        await three.spawn(Idler)
        seen = Operations(one.host, Nothing(), "a test")
        tree = await seen.tree()
        assert (len(tree.actors), tree.silent) == (3, ())
        assert (await seen.inspect(there.address)).actor.address == there.address
        monkeypatch.setattr(operations, "PATIENCE", 1.0)
        three.crash()
        tree = await seen.tree()
        assert [it.address for it in tree.actors] == [here.address, there.address]
        assert tree.silent == (three.host.seat,)
        with pytest.raises(NotRunning, match=f"Seat {three.host.seat} did not answer, and may have it"):
            await seen.find("/nobody")
        reports, silent = await ask_hosts(one.host, [0, 1, 2])
        assert [it.seat for it in reports] == [0, 1]
        assert silent == ["The host on seat 2 did not answer within 1 s."]

    in_town(main)

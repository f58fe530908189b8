"""What becomes of a child that fails: every directive with every restart type."""

import asyncio

import pytest

from actors import Actor, Directive, NotRunning, Ref, Restart, Stopped, Supervision, System, call


class Child(Actor):
    @call
    def fail(self) -> None:
        raise ValueError("planned")

    @call
    def incarnation(self) -> int:
        return self.context.incarnation


class Parent(Actor):
    """Tells of its own starts, and of what its child is."""

    supervision = Supervision(decide=lambda error: Parent.directive)
    directive = Directive.RESTART
    starts = 0

    async def on_start(self) -> None:
        type(self).starts += 1

    @call
    async def bear(self, restart: Restart) -> Ref[Child]:
        return await self.context.options(restart=restart).spawn(Child)

    @call
    def children(self) -> int:
        return len(self.context.children)


GOES_ON, AGAIN, ENDED, PARENT_FAILS = "it goes on", "it is started again", "it has ended", "its parent fails"
EVERY = list(Restart)
TABLE = [
    *((Directive.RESUME, restart, GOES_ON) for restart in EVERY),
    (Directive.RESTART, Restart.PERMANENT, AGAIN),
    (Directive.RESTART, Restart.TRANSIENT, AGAIN),
    (Directive.RESTART, Restart.TEMPORARY, ENDED),
    *((Directive.STOP, restart, ENDED) for restart in EVERY),
    *((Directive.ESCALATE, restart, PARENT_FAILS) for restart in EVERY),
]


@pytest.mark.parametrize(("directive", "restart", "outcome"), TABLE)
def test_the_directive_and_the_restart_type_together_decide(monkeypatch, directive, restart, outcome):
    monkeypatch.setattr(Parent, "directive", directive)
    monkeypatch.setattr(Parent, "starts", 0)

    async def main(system: System) -> None:
        parent = await system.spawn(Parent)
        child = await parent.ask(Parent.bear(restart))
        child.tell(Child.fail())
        try:
            found = {1: GOES_ON, 2: AGAIN}[await child.ask(Child.incarnation())]
        except (NotRunning, Stopped):
            found = ENDED
        async with asyncio.timeout(5):
            while await parent.ask(Parent.children()) != (found != ENDED):
                pass
        if Parent.starts == 2:
            found = PARENT_FAILS
        assert found == outcome
        assert Parent.starts == (2 if outcome == PARENT_FAILS else 1)

    System(on="local").run(main)

"""An instrument sees each attempt of a message that is tried again, all under the header of the one that was sent."""

from typing import Any

import pytest

from actors import Actor, Failed, MailboxOptions, System, call, retry
from actors.testing import run
from tests.actors.recorder import Recorders


class Stumbling(Actor):
    mailbox = MailboxOptions(on_failure=retry(2))

    @call
    def step(self, failures: int) -> int:
        if self.context.attempt <= failures:
            raise ValueError("planned")
        return self.context.attempt


def observed(failures: int) -> Any:
    async def main(system: System) -> None:
        actor = await system.spawn(Stumbling)
        if failures > 2:
            with pytest.raises(Failed):
                await actor.ask(Stumbling.step(failures))
        else:
            assert await actor.ask(Stumbling.step(failures)) == failures + 1

    recorders = Recorders()
    run(main, instrument=recorders, allow_dead_letters=True)
    return recorders.only


@pytest.mark.parametrize("failures", [0, 1, 2, 3])
def test_every_attempt_is_observed_and_counted_and_the_ask_ends_once(failures: int) -> None:
    found = observed(failures)
    attempts = found.all("handle step")
    asked = found.line("ask step")
    assert [line.facts[1].attempt for line in attempts] == list(range(1, min(failures, 2) + 2))
    assert [line.error is not None for line in attempts] == [True] * failures + [False] * (failures <= 2)
    assert {line.parent for line in attempts} == {asked.header}
    assert {line.ended for line in (*attempts, asked)} == {1}

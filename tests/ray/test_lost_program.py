"""A program that is no part of its system any more leaves it without waiting for anybody."""

import asyncio

import pytest

from actors.backends.ray.options import RayOptions
from actors.backends.ray.program import Program


class Sitting:
    """In place of a seated host."""

    def __init__(self) -> None:
        self.budgets: list[float] = []

    async def leave(self, budget: float) -> None:
        self.budgets.append(budget)


@pytest.mark.parametrize(("lost", "budget"), [(False, 5.0), (True, 0.0)])
def test_links_that_may_not_send_without_a_lease_are_not_waited_for(lost: bool, budget: float) -> None:
    program, seated = Program(RayOptions()), Sitting()
    program._seated, program._lost = seated, lost
    asyncio.run(program._stand_up(5.0))
    assert seated.budgets == [budget]

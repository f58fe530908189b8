"""Supervisors whose hosts are closed when the test is over."""

from typing import Any

import pytest

from actors import Supervision
from tests.actors.supervising.owner import Owner


@pytest.fixture
def owner_of():
    made: list[Owner] = []

    def make(**options: Any) -> Owner:
        made.append(Owner(Supervision(**options)))
        return made[-1]

    yield make
    for owner in made:
        owner.host.loop.close()

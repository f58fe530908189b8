"""Each trouble is named once, whoever has noticed it; who does not answer is a trouble and not waited for."""

import asyncio

import pytest

from actors.health.report import Health, HostHealth
from actors.membership.seats import HostState, Member
from actors.membership.withheld import Withheld
from actors.operations import diagnosis
from actors.operations.diagnosis import diagnose, findings
from actors.operations.reports import HostReport


def member(seat: int = 1, state: HostState = HostState.UP, **figures) -> Member:
    return Member(seat, 7, state, **figures)


def report(seat: int | None = 1, **figures) -> HostReport:
    return HostReport("host", 4711, "node", seat, **figures)


def health(**figures) -> Health:
    return Health((HostHealth(1, 7, 0, 0.0, 0, 0, False, (1, 1), True, (0, 1), ()),), **figures)


@pytest.mark.parametrize(
    ("members", "reports", "said", "found"),
    [
        ([member()], [report(), report(None)], health(), []),
        ([member(lag=0.2, state=HostState.SLOW)], [report(lag=0.2, dead_letters={"late": 5})], None, []),
        (
            [member(state=HostState.STALLED, stalled="/a", lag=3.0)],
            [report(stalled="/a", lag=3.0)],
            health(silent=(1,)),
            ["The loop of the host on seat 1 hangs in /a."],
        ),
        ([member(lag=1.5)], [report(lag=1.5)], None, ["The loop of the host on seat 1 is late by 1.5 s."]),
        (
            [member(state=HostState.UNREACHABLE, silence=3.25)],
            [],
            health(silent=(1,)),
            [
                "The host on seat 1 has not renewed its lease for 3.2 s.",
                "The host on seat 1 did not answer within 1 s.",
            ],
        ),
        (
            [member(state=HostState.DEAD)],
            [],
            health(vacant=(1,)),
            ["The host of seat 1 was lost, and nobody has taken the seat yet."],
        ),
        (
            [member(state=HostState.DEAD, withheld=38.2, deaths=7)],
            [],
            health(withheld=(Withheld(1, 7, 38.9),)),
            ["Seat 1 stays empty for 38 s more: 7 hosts have died on it in a row."],
        ),
        (
            [],
            [],
            health(withheld=(Withheld(1, 7, 38.9),)),
            ["Seat 1 stays empty for 39 s more: 7 hosts have died on it in a row."],
        ),
        ([], [report(lease=-0.5)], None, ["The host on seat 1 has no lease (any more), so its actors wait."]),
        ([], [report(unreachable=(2,))], None, ["The host on seat 1 cannot reach seat 2."]),
    ],
)
def test_each_trouble_is_named_once(members, reports, said, found):
    assert findings(members, reports, said) == found


class Silent:
    """Nobody answers, or not well."""

    async def members(self):
        await asyncio.Event().wait()

    async def look_closely(self):
        raise OSError("gone")


def test_who_does_not_answer_is_named_and_the_rest_is_shown(monkeypatch):
    monkeypatch.setattr(diagnosis, "PATIENCE", 0.01)
    found = asyncio.run(diagnose("shop", Silent(), None))
    assert sorted(found.problems) == [
        "The directory does not answer: nothing was heard for 0.01 s.",
        "The host processes cannot be asked: OSError: gone",
    ]
    assert (found.members, found.hosts, found.settings) == ((), (), {})
    assert "python" in found.versions

"""For tests of actors: probes, dead letters, time that the test moves, and a system for each test. Needs no pytest."""

from actors.testing.blocking_probe import BlockingProbe
from actors.testing.dead_letters import expect_dead_letters, no_dead_letters
from actors.testing.manual_time import ManualTime, Stuck
from actors.testing.probe import Probe
from actors.testing.trial import SystemUnderTest, run

__all__ = [
    "BlockingProbe",
    "ManualTime",
    "Probe",
    "Stuck",
    "SystemUnderTest",
    "expect_dead_letters",
    "no_dead_letters",
    "run",
]

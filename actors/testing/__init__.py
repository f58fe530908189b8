"""For tests of actors: probes, dead letters, histories, time that the test moves, fresh systems. Needs no pytest."""

from actors.testing.blocking_probe import BlockingProbe
from actors.testing.dead_letters import expect_dead_letters, no_dead_letters
from actors.testing.history import Client, History, Operation, outcome_of
from actors.testing.manual_time import ManualTime, Stuck
from actors.testing.probe import Probe
from actors.testing.trial import SystemUnderTest, run

__all__ = [
    "BlockingProbe",
    "Client",
    "History",
    "ManualTime",
    "Operation",
    "Probe",
    "Stuck",
    "SystemUnderTest",
    "expect_dead_letters",
    "no_dead_letters",
    "outcome_of",
    "run",
]

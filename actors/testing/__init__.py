"""For tests of actors: probes, dead letters, histories, moved time, a system for each test, and simulated worlds.

Needs no pytest; `actors.testing.pytest_plugin` and `fault_plans` serve those who have pytest and Hypothesis.
"""

from actors.backends.simulation.faults import (
    DIRECTORY,
    ClockRate,
    ClockStep,
    Crash,
    Cut,
    DirectoryCrash,
    Fault,
    FaultPlan,
    Lag,
    Pause,
    Reset,
    Slow,
    plan_as_text,
    plan_from_text,
)
from actors.backends.simulation.network import Delays
from actors.testing.blocking_probe import BlockingProbe
from actors.testing.dead_letters import expect_dead_letters, no_dead_letters
from actors.testing.fault_plans import fault_plans
from actors.testing.history import Client, History, Operation, outcome_of
from actors.testing.manual_time import ManualTime, Stuck
from actors.testing.probe import Probe
from actors.testing.simulation import (
    CALM,
    Chaos,
    Exploration,
    Run,
    SeedFailed,
    explore,
    inject,
    run_once,
    seed_of,
    simulate,
)
from actors.testing.trial import SystemUnderTest, run

__all__ = [
    "CALM",
    "DIRECTORY",
    "BlockingProbe",
    "Chaos",
    "Client",
    "ClockRate",
    "ClockStep",
    "Crash",
    "Cut",
    "Delays",
    "DirectoryCrash",
    "Exploration",
    "Fault",
    "FaultPlan",
    "History",
    "Lag",
    "ManualTime",
    "Operation",
    "Pause",
    "Probe",
    "Reset",
    "Run",
    "SeedFailed",
    "Slow",
    "Stuck",
    "SystemUnderTest",
    "expect_dead_letters",
    "explore",
    "fault_plans",
    "inject",
    "no_dead_letters",
    "outcome_of",
    "plan_as_text",
    "plan_from_text",
    "run",
    "run_once",
    "seed_of",
    "simulate",
]

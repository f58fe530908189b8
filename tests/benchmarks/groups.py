"""The files that have rows, in the order in which they are measured: what starts processes of its own comes last."""

GROUPS = (
    "tell",
    "ask",
    "spawn",
    "memory",
    "crowd",
    "tracing",
    "remote",
    "payload",
    "simulation",
    "failover",
)
"""Modules of this folder; importing one registers its rows."""

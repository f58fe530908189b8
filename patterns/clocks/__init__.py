"""Clocks that tell what came before what, on hosts whose clocks disagree. This is their door.

A `LamportClock` costs a number with each message and puts all events in one order that agrees with cause and effect. A
`VectorClock` costs a number for each process and also tells which events had nothing to do with each other. A
`HybridClock` costs one 64-bit stamp, orders like Lamport's, and its stamps stay near the time of day.
"""

from patterns.clocks.errors import BadStamp
from patterns.clocks.hybrid import HybridClock
from patterns.clocks.lamport import LamportClock
from patterns.clocks.vector import VectorClock, VectorStamp

__all__ = ["BadStamp", "HybridClock", "LamportClock", "VectorClock", "VectorStamp"]

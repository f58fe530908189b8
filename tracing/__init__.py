"""Tracing is an instrument given to a system; the runtime does not know it. This is its door.

System(on="ray", instrument=traced("shop")).run(main)
"""

from tracing.setup import Tracing, traced

__all__ = ["Tracing", "traced"]

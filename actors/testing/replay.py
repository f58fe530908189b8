"""The call that runs a simulation again, as a line of Python: all that made the run, but nothing that is a default."""

import dataclasses
from collections.abc import Mapping
from enum import Enum
from types import FunctionType
from typing import Any

import msgspec

from actors.backends.simulation.backend import HOSTS
from actors.backends.simulation.faults import FaultPlan, plan_as_text

GONE = object()
"""Equal to no value."""


def call_again(seed: int, faults: FaultPlan, options: Mapping[str, Any]) -> str:
    """`simulate(main, ...)`; `options` are those of the run, which are those of `System`."""
    # An explicit number of hosts wins over one in a settings object.
    usual = {"hosts": HOSTS} if "settings" not in options else {}
    plan = f"plan_from_text('{plan_as_text(faults)}')"
    told = [f", {name}={_said(value)}" for name, value in options.items() if usual.get(name, GONE) != value]
    return f"simulate(main, seed={seed}, faults={plan}{''.join(told)})"


def _said(value: object) -> str:
    """An expression for a value, where there is one; of an object of fields, those that are not the default."""
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, FunctionType | type):
        return value.__qualname__
    fields: tuple[Any, ...] = ()
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.fields(value)
    elif dataclasses.is_dataclass(value):
        fields = tuple(it for it in dataclasses.fields(value) if it.init and it.repr)
    if not fields:
        return repr(value)
    changed = [it.name for it in fields if getattr(value, it.name) != _default(it)]
    return f"{type(value).__name__}({', '.join(f'{name}={_said(getattr(value, name))}' for name in changed)})"


def _default(field: Any) -> object:
    made = field.default_factory
    return field.default if made in {dataclasses.MISSING, msgspec.NODEFAULT} else made()

"""An entry is code named by text, `module:function`, so that a process elsewhere can find it by importing."""

from collections.abc import Callable
from importlib import import_module
from typing import Any


def load_entry(path: str) -> Callable[..., Any]:
    """The callable that `path` names, such as `actors.host:serve`.

    Raises `ValueError` for a path without a colon and `TypeError` for one that names something that cannot be called;
    errors of the import itself pass through.
    """
    module, colon, name = path.partition(":")
    if not (module and colon and name):
        raise ValueError(f"{path!r} names no entry; write module:function.")
    found: object = import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    if not callable(found):
        raise TypeError(f"{path!r} is a {type(found).__name__} and cannot be called.")
    return found

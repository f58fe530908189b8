"""What another host can import under its own name, and what therefore must travel by value.

The rule assumes that a module found here is found there: put libraries on every host's path (`PYTHONPATH`, or Ray's
`runtime_env`). `__main__` never is: there it is another program.
"""

import sys
from types import FunctionType

MAIN = ("__main__", "__mp_main__")
"""Names of the program's own module, also in children that `multiprocessing` spawned."""


def importable(thing: type | FunctionType) -> bool:
    """Whether importing its module and looking up its qualified name gives this very object."""
    module = sys.modules.get(thing.__module__)
    if module is None or thing.__module__ in MAIN or "<" in thing.__qualname__:
        return False
    return look_up(module, thing.__qualname__) is thing


def look_up(module: object, qualname: str) -> object:
    """What a dotted name means in a module; None if there is no such thing."""
    found = module
    for name in qualname.split("."):
        found = getattr(found, name, None)
    return found

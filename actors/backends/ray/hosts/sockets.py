"""The Unix sockets of a system lie in a folder of its own in Ray's session folder of each node, which goes with it.

A host that leaves in order removes its own; those of killed hosts go with the folder, when the system ends.
"""

import contextlib
import hashlib
import shutil
from pathlib import Path

from actors.backends.ray import internals


def socket_folder(system: str) -> Path:
    """The folder on this node; it is made with mode 0700. The name is short, for those of sockets may not be long."""
    folder = _folder(system)
    folder.parent.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def leave_sockets(system: str) -> None:
    """One host of this node has left: remove the folder if it was the last one."""
    with contextlib.suppress(OSError):
        _folder(system).rmdir()


def remove_sockets(system: str) -> None:
    """The system has ended: remove its folder on this node, with whatever killed hosts have left in it."""
    shutil.rmtree(_folder(system), ignore_errors=True)


def _folder(system: str) -> Path:
    return Path(internals.session_folder()) / "u" / hashlib.sha256(system.encode()).hexdigest()[:8]

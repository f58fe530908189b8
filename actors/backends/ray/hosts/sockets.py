"""The Unix sockets of a system lie in a folder of its own in Ray's session folder of each node, which goes with it.

A host that leaves in order removes its own; those of killed hosts go with the folder, when the system ends, or when
somebody joins the cluster after the system was killed.
"""

import contextlib
import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path

from actors.backends.ray import internals


def socket_folder(system: str) -> Path:
    """The folder on this node; it is made with mode 0700. The name is short, for those of sockets may not be long."""
    folder = folder_of(system)
    folder.parent.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def leave_sockets(system: str) -> None:
    """One host of this node has left: remove the folder if it was the last one."""
    with contextlib.suppress(OSError):
        folder_of(system).rmdir()


def remove_sockets(system: str) -> None:
    """The system has ended: remove its folder on this node, with whatever killed hosts have left in it."""
    shutil.rmtree(folder_of(system), ignore_errors=True)


def folders() -> dict[Path, list[Path]]:
    """The folders of all systems on this node, and what is in each."""
    return {folder: sorted(folder.glob("*")) for folder in sorted(_parent().glob("*"))}


def remove_folder(folder: Path, files: Iterable[Path]) -> None:
    """Remove these files, and the folder if it has no others. Raises OSError."""
    for file in files:
        file.unlink(missing_ok=True)
    folder.rmdir()


def folder_of(system: str) -> Path:
    """The folder of this system, whether there is one or not."""
    return _parent() / hashlib.sha256(system.encode()).hexdigest()[:8]


def _parent() -> Path:
    return Path(internals.session_folder()) / "u"

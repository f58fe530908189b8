"""What is left of a system whose program was killed is removed by whoever joins its cluster next: keys and sockets.

Nobody of the system is there to do it: Ray kills its processes 20 to 30 ms after its program (measured with Ray 2.60),
and no host has drained by then. Rejected: a process that only waits for the program's end; it would have to join Ray.
"""

import contextlib
import logging

from ray.exceptions import RayError

from actors.backends.ray.directory.control_store import ControlStore, stored_keys
from actors.backends.ray.directory.open_directory import DIRECTORY_KEYS
from actors.backends.ray.hosts.host_actors import systems
from actors.backends.ray.hosts.sockets import folder_of, folders, remove_folder
from actors.backends.ray.system_name import full_name

log = logging.getLogger("understudy.ray")


def remove_remains() -> None:
    """Remove the directory's keys and, on this node, the sockets of systems of which no Ray actor lives. Blocks, 2 ms.

    What there is is looked at before who lives, because a system has Ray's word for its name before it has anything.
    Only what was seen is removed: a system that takes the name meanwhile has keys and sockets of other names.
    """
    try:
        keys, sockets = stored_keys(), folders()
        living = systems()
        names = {full_name(*each) for each in living}
        for system, key in keys:
            if system not in names and key.startswith(DIRECTORY_KEYS):
                log.info("Nothing of the system %s lives: its key %s is removed.", system, key)
                ControlStore(system).delete(key)
    except RayError as error:  # the next one will
        log.info("What is left of other systems could not be removed: %s", error)
        return
    kept = {folder_of(name) for name in names}
    for folder, files in sockets.items():
        if folder not in kept:
            with contextlib.suppress(OSError):  # of another user, or somebody was quicker
                remove_folder(folder, files)

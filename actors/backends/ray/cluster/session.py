"""An embedded Ray lives in a private folder that vanishes with the program, however the program ends.

Ray makes its own temporary folder open to everybody (mode 0777) and would write its token into the home directory, so
both live inside a folder of mode 0700. A `kill -9` leaves nobody in this process to remove it: a shell of 1 MB, the
janitor, waits for the end of a pipe that only this process holds, then for the end of Ray's processes, and removes it.
Rejected: removing leftovers at the next start (there may be none), and a Python janitor (10 MB, 30 ms).
"""

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, MutableMapping
from pathlib import Path

from actors.backends.ray.cluster.processes import Life

SOCKET_NAME_LIMIT = 107
"""Bytes that the name of a Unix socket may have on Linux (103 on macOS)."""

PREFIX = "understudy-"
"""How the names of private folders begin."""

ADDRESS, TOKEN = "address", "token"
"""Files in a private folder."""

LONGEST_SOCKET = len("/ray/session_2020-01-01_00-00-00_000000_1234567/sockets/") + 40
"""Bytes that Ray, or a link of ours, appends to the private folder's name."""

JANITOR = """
lives() { read -r stat <"/proc/${1%:*}/stat" && set -- "${1#*:}" ${stat##*) } && [ "$2" != Z ] && [ "${21}" = "$1" ]; }
while read -r life; do family="$family $life"; done
[ -d /proc/self ] || sleep 3
patience=30
for life in $family; do
    while lives "$life" && [ "$patience" -gt 0 ]; do sleep 0.1; patience=$((patience - 1)); done
    lives "$life" && kill -9 "${life%:*}"
done
for again in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf -- "$0" && [ ! -e "$0" ] && exit 0
    sleep 0.3
done
"""


class PrivateFolder:
    """A folder of mode 0700 with a token of mode 0600; `remove` ends it, and so does the end of this process.

    `keep=True` leaves Ray's session folder and its logs for reading; the token goes all the same.
    """

    def __init__(self, parent: Path | None = None, *, keep: bool = False) -> None:
        self._keep = keep
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent or _short_parent()))
        self.ray = self.path / "ray"
        self.token = self.path / TOKEN
        descriptor = os.open(self.token, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        self._janitor = subprocess.Popen(  # noqa: S603  the script is the constant above, the path our own
            ["/bin/sh", "-c", JANITOR, str(self.token if keep else self.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C at the terminal is for the program
        )

    def tell(self, address: str) -> None:
        """Write down where Ray can be joined, for operators who find this folder; they find the token beside it."""
        (self.path / ADDRESS).write_text(address)

    def outlast(self, lives: Iterable[Life]) -> None:
        """If this process is killed, the janitor gives these processes 3 s to end, kills the rest, then removes.

        It compares start times, so a reused id is never killed. Ray's agents need it: they would stay for 64 s.
        """
        pipe = self._janitor.stdin
        if pipe is not None and not pipe.closed:
            pipe.write("".join(f"{life}\n" for life in lives).encode())
            pipe.flush()

    def remove(self) -> None:
        """Remove the folder (or only the token, if it is to be kept) and end the janitor. May be called again."""
        self.token.unlink(missing_ok=True)
        if not self._keep:
            shutil.rmtree(self.path, ignore_errors=True)
        pipe = self._janitor.stdin
        if pipe is not None and not pipe.closed:
            pipe.close()
        self._janitor.wait()


class Environment:
    """Environment variables that are set for a while; `restore` puts every one of them back."""

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        self._environ = environ
        self._former: dict[str, str | None] = {}

    def set(self, changes: Mapping[str, str | None]) -> None:
        """Set variables; None removes one."""
        for name, value in changes.items():
            self._former.setdefault(name, self._environ.get(name))
            self._put(name, value)

    def remember(self, name: str) -> None:
        """Restore this variable as well, which others are about to set."""
        self._former.setdefault(name, self._environ.get(name))

    def restore(self) -> None:
        """Every variable is as it was before the first `set` or `remember`."""
        for name, value in self._former.items():
            self._put(name, value)
        self._former.clear()

    def _put(self, name: str, value: str | None) -> None:
        if value is None:
            self._environ.pop(name, None)
        else:
            self._environ[name] = value


def _short_parent() -> Path:
    """The usual place for temporary files, or `/tmp` where socket names would become too long in it."""
    usual = Path(tempfile.gettempdir())
    length = len(os.fsencode(usual)) + len("/understudy-00000000") + LONGEST_SOCKET
    return usual if length <= SOCKET_NAME_LIMIT else Path("/tmp")  # noqa: S108  the folder made in it is private

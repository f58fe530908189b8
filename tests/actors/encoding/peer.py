"""Two processes with a link between them, for the tests: pipes, and a record as a host would send it.

A script that runs as `__main__` starts a peer and lets it run functions: `peer.run(function, *arguments)` sends both as
a message and returns the reply. Run as a module, this file is the peer.
"""

import contextlib
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable
from pickle import PickleBuffer
from typing import IO, Any, Self

import msgspec

from actors.encoding import code
from actors.encoding.announcing import Incoming, Outgoing
from actors.encoding.code import ClassTable
from actors.encoding.pickling import dumps, loads
from actors.encoding.registry import Key

MODULE = "tests.actors.encoding.peer"


class End:
    """One end of a link between two epochs."""

    def __init__(self, table: ClassTable, peer: int, reader: IO[bytes], writer: IO[bytes]) -> None:
        self.table, self.reader, self.writer = table, reader, writer
        self.outgoing, self.incoming = Outgoing(table, peer), Incoming(table)
        self.notices: list[Any] = []
        self.sent = 0

    def send(self, message: object) -> None:
        """Send a message as a host does: what the peer must be told first, then index and fields, or the whole."""
        index = self.table.indices.get(message.__class__)
        if index is None:
            index = self.table.index_for(message.__class__)
        body: Any = msgspec.structs.astuple(message) if index != code.WHOLE else message
        buffers, used = list[PickleBuffer](), list[Key]()
        data = dumps((index, body), buffers, self.table.origin, used)
        notices = self.outgoing.due(index, used) if used or index not in self.outgoing.told else []
        self.notices += notices
        self.sent = len(data)
        record = ([tuple(notice) for notice in notices], data, [bytes(buffer.raw()) for buffer in buffers])
        pickle.dump(record, self.writer, 5)
        self.writer.flush()

    def receive(self) -> Any:
        """The next message."""
        notices, data, buffers = pickle.load(self.reader)
        for notice in notices:
            self.incoming.take(notice)
        index, body = loads(data, buffers)
        return self.incoming.classes[index](*body) if index != code.WHOLE else body


class Peer:
    """Another process, with an end of a link to it."""

    def __init__(self, table: ClassTable, epoch: int, *options: str) -> None:
        command = [sys.executable, *options, "-m", MODULE, str(table.origin), str(epoch)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdin
        assert self.process.stdout
        self.end = End(table, epoch, self.process.stdout, self.process.stdin)

    def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What the function returns when the peer calls it; AssertionError with the traceback if it raises there."""
        self.end.send((function, arguments))
        return self.reply()

    def tell(self, message: Any) -> Any:
        """Send a message by itself, so by index if it is a struct; returns the repr of what arrived, and its type's."""
        self.end.send(message)
        return self.reply()

    def reply(self) -> Any:
        """The next reply."""
        ok, value = self.end.receive()
        assert ok, value
        return value

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


TABLES: list[ClassTable] = []
"""The table of this process, for functions that a peer runs."""


def serve(origin: int, epoch: int) -> None:
    """Run what comes until the other end closes."""
    TABLES.append(ClassTable(epoch))
    end = End(TABLES[0], origin, sys.stdin.buffer, sys.stdout.buffer)
    with contextlib.suppress(EOFError):
        while True:
            answer(end)


def answer(end: End) -> None:
    """Run one function, or describe one message."""
    try:
        message = end.receive()
        if type(message) is tuple:
            function, arguments = message
            reply = (True, function(*arguments))
        else:
            reply = (True, (message, repr(message), type(message).__qualname__))
    except EOFError:
        raise
    except Exception:  # whatever it is, the test wants to see it
        reply = (False, traceback.format_exc())
    end.send(reply)


def run_checks(names: dict[str, Any]) -> None:
    """Run the functions of a script whose names begin with `check`."""
    for name, check in list(names.items()):
        if name.startswith("check"):
            check()
            print("passed:", name)


if __name__ == "__main__":
    # By its importable name, so that what is sent finds the table of this process.
    from tests.actors.encoding.peer import serve as serve_as_module

    serve_as_module(int(sys.argv[1]), int(sys.argv[2]))

"""Classes that are defined again, as when the cell of a notebook is run once more."""

import logging
import sys
from typing import Any

from actors.encoding.code import ClassTable
from tests.actors.encoding.peer import Peer, run_checks

TABLE = ClassTable(1)

CELL = """
import msgspec
from dataclasses import dataclass

class Item(msgspec.Struct):
    value: int
    def version(self):
        return {version}

@dataclass
class Record:
    value: int
    def version(self):
        return {version}

def version_of(item):
    return item.version(), Item.version(item)

class Whole(msgspec.Struct):
    value: int
"""


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def run_cell(version: int) -> dict[str, Any]:
    names = vars(sys.modules["__main__"])
    exec(CELL.format(version=version), names)
    return names


def check_a_class_defined_again_is_a_new_one_and_old_objects_keep_theirs() -> None:
    heard = Lines()
    logging.getLogger("actors").addHandler(heard)
    with Peer(TABLE, 2) as peer:
        cell = run_cell(1)
        old = [cell["Item"](1), cell["Record"](1), cell["Whole"](1)]
        first = cell["version_of"]
        assert peer.run(lambda them: [one.version() for one in them[:2]], old) == [1, 1]
        assert peer.tell(old[2])[0] == old[2]
        run_cell(2)
        new = [cell["Item"](1), cell["Record"](1), cell["Whole"](1)]
        both = peer.run(lambda them: [one.version() for one in them], [*old[:2], *new[:2]])
        assert both == [1, 1, 2, 2]
        assert peer.run(lambda them: them, old + new) == old + new
        assert [type(one) for one in peer.run(lambda them: them, old + new)] == [type(one) for one in old + new]
        assert type(peer.tell(old[2])[0]) is type(old[2])
        assert type(peer.tell(new[2])[0]) is type(new[2])
        assert peer.run(cell["version_of"], new[0]) == (2, 2)
        assert peer.run(first, old[0]) == (1, 2)  # as at home: code finds what its module's name means now
    for name in ("Item", "Record", "Whole"):
        assert sum(f"__main__.{name} was defined again" in line for line in heard.lines) == 1, heard.lines


run_checks(globals())

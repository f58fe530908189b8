"""Handler tables in other processes and after their first use: they are made again, and keep nothing alive."""

import gc
import pickle
import subprocess
import sys
import weakref

import cloudpickle

from actors.messages.handlers import HandlerTable
from actors.messages.message import Message
from actors.messages.receive import receive
from tests.actors.messages.test_handlers import Account, Declaring, run

PROGRAM = """
import sys, cloudpickle
from actors.messages.call import call
from actors.messages.handlers import HandlerTable, declare
from actors.messages.receive import receive

class Base:
    def __init_subclass__(cls): declare(cls)

class Plain:
    pass

class Early(Base):
    @receive
    def take(self, message: "Late") -> str: return "taken"

class Late:
    pass

def make():
    class Local: pass
    class Room(Base):
        @receive
        def take(self, message: "Local | Plain") -> str: return "taken"
        @receive
        def number(self, message: int) -> int: return message + 1
    HandlerTable.for_class(Room)
    return Room, Local

cloudpickle.dump((*make(), Plain, Early, Late), sys.stdout.buffer)
"""


def test_a_class_from_a_function_of_a_script_finds_its_handlers_in_another_process() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True)
    room, local, plain, early, late = cloudpickle.loads(done.stdout)
    assert run(room(), local()) == run(room(), plain()) == "taken"
    assert run(early(), late()) == "taken"
    assert run(room(), 3) == 4
    assert HandlerTable.for_class(room).actor_class is room


def test_a_table_does_not_travel() -> None:
    assert pickle.loads(pickle.dumps(HandlerTable.for_class(Account))) is None


def test_the_frames_around_a_class_are_let_go_at_the_first_spawn() -> None:
    class Marker:
        pass

    def make() -> tuple[type, "weakref.ref[Marker]"]:
        marker = Marker()

        class Room(Declaring):
            @receive
            def take(self, message: "Later") -> None: ...

        class Later(Message):
            pass

        return Room, weakref.ref(marker)

    room, marker = make()
    gc.collect()
    assert marker() is not None
    HandlerTable.for_class(room)
    gc.collect()
    assert marker() is None

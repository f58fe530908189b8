"""The blocking form: every verb waits in the caller's thread, beside any loop, with the errors of the async verbs."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from actors import (
    Actor,
    AskError,
    Failed,
    Fenced,
    MailboxFull,
    MailboxOptions,
    NameTaken,
    NotRunning,
    Ref,
    Settings,
    SpawnFailed,
    System,
    SystemClosed,
    TimedOut,
    call,
)
from actors.blocking import Blocking, BlockingSystem, blocking

ROOT = Path(__file__).parents[2]


class Account(Actor):
    def __init__(self, balance: int) -> None:
        if balance < 0:
            raise ValueError("nobody begins with a debt")
        self.balance = balance

    @call
    def deposit(self, amount: int) -> int:
        self.balance += amount
        return self.balance

    @call
    async def transfer(self, amount: int, to: "Ref[Account]") -> int:
        return await to.ask(Account.deposit(amount)) + self.deposit(-amount)

    @call
    def fail(self) -> None:
        raise LookupError("no such book")

    @call
    async def wait(self, begun: threading.Event) -> None:
        begun.set()
        await asyncio.get_running_loop().create_future()


class Counter(Actor):
    left = threading.Event()

    @call
    async def up_to(self, last: int) -> AsyncIterator[int]:
        try:
            for number in range(last):
                yield number
        finally:
            self.left.set()


class Clerk(Actor):
    """Asks others from handlers that block."""

    def __init__(self, account: Ref[Account]) -> None:
        self.account = account

    @call(blocking=True)
    def deposit(self, amount: int) -> int:
        return blocking(self.context).ask(self.account, Account.deposit(amount))

    @call(blocking=True)
    def wait(self, on: Ref[Account]) -> None:
        blocking(self.context).ask(on, Account.wait(threading.Event()), timeout=None)

    @call(blocking=True)
    def count(self, counter: Ref[Counter]) -> list[int]:
        verbs = blocking(self.context)
        verbs.tell(self.account, Account.deposit(10))
        verbs.send(self.account, Account.deposit(20))
        return [*verbs.stream(counter, Counter.up_to(3)), self.deposit(0)]

    @call(blocking=True)
    def linger(self, begun: threading.Event, go: threading.Event, heard: list[Exception]) -> None:
        begun.set()
        go.wait()
        try:
            blocking(self.context).ask(self.account, Account.deposit(1))
        except Exception as error:
            heard.append(error)
        begun.set()

    @call
    def ask_on_the_loop(self) -> int:
        return blocking(self.context).ask(self.account, Account.deposit(1))


@pytest.fixture(scope="module")
def system() -> Iterator[BlockingSystem]:
    with System(on="local", settings=Settings(stop_budget=0.01)).blocking() as opened:
        yield opened


def test_every_verb_returns_what_the_async_one_does(system: BlockingSystem) -> None:
    ada, bob = system.spawn(Account, 100), system.spawn(Account, balance=0)
    assert system.ask(ada, Account.transfer(30, to=bob)) == 100
    system.tell(ada, Account.deposit(1))
    ada.tell(Account.deposit(1))
    system.send(ada, Account.deposit(1))
    assert system.ask(ada, Account.deposit(0)) == 73
    assert [system.ask(ref, Account.deposit(0)) for ref in system.spawn_many(Account, [(1,), (2,)])] == [1, 2]
    named = system.options(name="named").spawn(Account, 5)
    assert system.lookup("named") == named
    assert system.stop_actor(named).stopped == 1
    assert system.lookup("named") is None
    [host] = system.stats()
    assert host.actors >= 4


def test_a_stream_is_an_iterator(system: BlockingSystem) -> None:
    counter = system.spawn(Counter)
    assert list(system.stream(counter, Counter.up_to(200))) == list(range(200))


def test_a_stream_that_is_not_read_to_its_end_is_ended(system: BlockingSystem) -> None:
    counter = system.spawn(Counter)
    Counter.left.clear()
    for number in system.stream(counter, Counter.up_to(1_000_000)):
        if number == 3:
            break
    assert Counter.left.wait(10)


def test_errors_are_those_of_the_async_verbs(system: BlockingSystem) -> None:
    ada = system.options(name="ada", stop_budget=0.01).spawn(Account, 100)
    with pytest.raises(Failed, match="no such book"):
        system.ask(ada, Account.fail())
    with pytest.raises(TimedOut):
        system.ask(ada, Account.wait(threading.Event()), timeout=0.5)
    with pytest.raises(NameTaken):
        system.options(name="ada").spawn(Account, 1)
    with pytest.raises(SpawnFailed, match="debt"):
        system.spawn(Account, -1)
    with pytest.raises(TypeError, match="not an actor class"):
        system.spawn(int)
    with pytest.raises(TypeError, match=r"Account has no call Counter.up_to"):
        system.ask(ada, Counter.up_to(1))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"Account has no call Counter.up_to"):
        next(system.stream(ada, Counter.up_to(1)))  # type: ignore[arg-type]
    system.stop_actor(ada)
    with pytest.raises(NotRunning):
        system.ask(ada, Account.deposit(1))
    with pytest.raises(NotRunning):
        system.send(ada, Account.deposit(1))


class Slow(Actor):
    mailbox = MailboxOptions(bound=1)

    @call
    async def wait(self, begun: threading.Event, go: threading.Event) -> None:
        begun.set()
        await asyncio.to_thread(go.wait)

    @call
    def note(self) -> None: ...


def test_send_waits_for_room(system: BlockingSystem) -> None:
    slow = system.spawn(Slow)
    begun, go = threading.Event(), threading.Event()
    slow.tell(Slow.wait(begun, go))
    assert begun.wait(10)
    system.send(slow, Slow.note())
    with pytest.raises(MailboxFull):
        system.ask(slow, Slow.note())
    with pytest.raises(TimedOut):
        system.send(slow, Slow.note(), timeout=0.02)
    go.set()
    system.send(slow, Slow.note())


def test_many_threads_ask_at_once(system: BlockingSystem) -> None:
    account = system.spawn(Account, 0)
    together = threading.Barrier(16)

    def deposit(_: int) -> list[int]:
        together.wait()
        return [system.ask(account, Account.deposit(1)) for _ in range(50)]

    with ThreadPoolExecutor(16) as threads:
        seen = [balance for each in threads.map(deposit, range(16)) for balance in each]
    assert sorted(seen) == list(range(1, 801))


def test_it_works_in_the_thread_of_a_running_loop_as_in_a_notebook(system: BlockingSystem) -> None:
    async def cell() -> int:
        account = system.spawn(Account, 1)
        return system.ask(account, Account.deposit(1)) + await account.ask(Account.deposit(1))

    assert asyncio.run(cell()) == 5


def test_a_blocking_handler_asks_sends_and_reads_streams(system: BlockingSystem) -> None:
    account = system.spawn(Account, 1)
    clerk = system.spawn(Clerk, account)
    assert system.ask(clerk, Clerk.deposit(2)) == 3
    assert system.ask(clerk, Clerk.count(system.spawn(Counter))) == [0, 1, 2, 33]


def test_an_ask_in_a_blocking_handler_inherits_the_deadline(system: BlockingSystem) -> None:
    clerk = system.spawn(Clerk, system.spawn(Account, 1))
    with pytest.raises((TimedOut, Failed)):
        system.ask(clerk, Clerk.wait(system.spawn(Account, 1)), timeout=0.5)
    # with the deadline it named itself, none, the handler would wait for ever, and this would not have its turn
    assert system.ask(clerk, Clerk.deposit(1)) == 2


def test_a_handler_that_was_abandoned_is_refused() -> None:
    begun, go, heard = threading.Event(), threading.Event(), []
    with System(settings=Settings(cancel_grace=0.01)).blocking() as system:
        account = system.spawn(Account, 1)
        clerk = system.options(stop_budget=0.01).spawn(Clerk, account)
        clerk.tell(Clerk.linger(begun, go, heard))
        assert begun.wait(10)
        begun.clear()
        assert len(system.stop_actor(clerk).abandoned) == 1
        go.set()
        assert begun.wait(10)
        assert [type(error) for error in heard] == [Fenced]
        assert system.ask(account, Account.deposit(0)) == 1


def test_waiting_on_the_own_loop_is_refused_and_says_what_to_do(system: BlockingSystem) -> None:
    clerk = system.spawn(Clerk, system.spawn(Account, 1))
    with pytest.raises(Failed, match=r"mark the handler `blocking=True`"):
        system.ask(clerk, Clerk.ask_on_the_loop())

    async def main(opened: System) -> None:
        account = await opened.spawn(Account, 1)
        with pytest.raises(RuntimeError, match="Await the verb"):
            opened.blocking().ask(account, Account.deposit(1))

    System().run(main)


def test_a_thread_borrows_the_loop_of_an_open_system() -> None:
    async def main(system: System) -> tuple[int, int]:
        account = await system.spawn(Account, 1)

        def work() -> tuple[int, int]:
            borrowed: Blocking = blocking(system)
            return borrowed.ask(account, Account.deposit(1)), system.blocking().ask(account, Account.deposit(1))

        return await asyncio.to_thread(work)

    assert System().run(main) == (2, 3)


def test_without_with_it_is_opened_and_closed_by_hand() -> None:
    system = System().blocking()
    assert system.open() is system
    account = system.spawn(Account, 1)
    assert system.ask(account, Account.deposit(1)) == 2
    assert system.stop().stopped == 1
    system.close()
    system.close()
    with pytest.raises(SystemClosed):
        system.ask(account, Account.deposit(1))
    with pytest.raises(SystemClosed):
        system.spawn(Account, 1)
    with pytest.raises(SystemClosed, match="opened before"):
        system.open()


def test_a_system_that_was_never_opened_says_so() -> None:
    system = System().blocking()
    with pytest.raises(SystemClosed, match="not open"):
        system.spawn(Account, 1)
    with pytest.raises(SystemClosed, match="not open"):
        system.stop()
    system.close()


def test_what_opening_raises_is_raised_and_no_thread_is_left() -> None:
    before = threading.active_count()
    opened = System()

    async def main(system: System) -> None:
        with pytest.raises(SystemClosed, match="opened before"):
            await asyncio.to_thread(system.blocking().open)

    opened.run(main)
    assert threading.active_count() == before


def test_an_error_in_the_body_closes_the_system() -> None:
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError), System().blocking() as system:
        system.spawn(Account, 1 // 0)
    assert threading.active_count() == before


def test_closing_ends_the_waiting_of_other_threads() -> None:
    begun = threading.Event()
    with ThreadPoolExecutor(2) as threads:
        with System(settings=Settings(stop_budget=0.01)).blocking() as system:
            account = system.spawn(Account, 1)
            waiting = threads.submit(system.ask, account, Account.wait(begun), timeout=None)
            assert begun.wait(10)
        with pytest.raises((NotRunning, SystemClosed, AskError)):
            waiting.result(10)


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill ends the process there")
def test_an_interrupt_leaves_the_system_usable() -> None:
    class Interrupter(Actor):
        @call
        async def interrupt(self) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.get_running_loop().create_future()

    with System(settings=Settings(stop_budget=0.01)).blocking() as system:
        account, interrupter = system.spawn(Account, 1), system.spawn(Interrupter)
        with pytest.raises(KeyboardInterrupt):
            system.ask(interrupter, Interrupter.interrupt())
        assert system.ask(account, Account.deposit(1)) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill ends the process there")
def test_an_interrupted_close_goes_on_and_can_be_waited_for_again() -> None:
    stopping, go, stopped = threading.Event(), threading.Event(), threading.Event()

    class Careful(Actor):
        async def on_stop(self) -> None:
            stopping.set()
            await asyncio.to_thread(go.wait)
            stopped.set()

    system = System().blocking().open()
    system.spawn(Careful)

    def interrupt() -> None:
        stopping.wait()
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        system.close()
    thread.join()
    assert not stopped.is_set()
    go.set()
    assert system.stop().stopped == 1
    assert stopped.is_set()


def test_a_program_that_does_not_close_its_system_ends_in_order() -> None:
    program = """
from actors import Actor, System, call

class Careful(Actor):
    def on_stop(self) -> None:
        print("stopped", flush=True)

    @call
    def ping(self) -> str:
        return "pong"

system = System(on="local").blocking()
system.open()
print(system.ask(system.spawn(Careful), Careful.ping()))
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "pong\nstopped\n", "")

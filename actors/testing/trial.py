"""One asynchronous test from beginning to end: a fresh system, the test, unexpected dead letters, the close."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Self, TypeVar

from actors.system import On, System
from actors.testing.manual_time import ManualTime
from actors.testing.rest import rest

if TYPE_CHECKING:
    from actors.mail.dead_letters import DeadLetter

T = TypeVar("T")

SHOWN = 10
"""Dead letters that a failure names."""


class SystemUnderTest(System):
    """A system that keeps account of the dead letters that nobody expected."""

    __slots__ = ("unexpected",)

    def __init__(self, on: On = "local", **options: Any) -> None:
        super().__init__(on, **options)
        self.unexpected: list[DeadLetter] = []
        """Those of this process since the system was opened, without those that `expect_dead_letters` took."""

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.on_dead_letter(self.unexpected.append)
        return self


def run(
    main: "Callable[[System], Coroutine[Any, Any, T]]",
    on: On = "local",
    *,
    time: ManualTime | None = None,
    allow_dead_letters: bool = False,
    **options: Any,
) -> T:
    """Run `main(system)` on a fresh system, close it in order, and return what it returned.

    `time`: a time that the test moves; for "local" only. `options` are those of `System`. Raises what `main` raises,
    and AssertionError for dead letters that no `expect_dead_letters` named, unless they are allowed; what closing gives
    up is no business of the test's.
    """
    if time is not None:
        if on != "local":
            message = f"Time is moved by hand on 'local' only, not on {on!r}: other processes have clocks of their own."
            raise ValueError(message)
        options["clock"] = time.now
    system = SystemUnderTest(on, **options)

    async def whole(opened: System) -> T:
        result = await main(opened)
        if not allow_dead_letters:
            await rest(opened.host, 0.0)
            letters = system.unexpected
            if letters:
                lines = "".join(f"\n  {describe(letter)}" for letter in letters[:SHOWN])
                more = f"\n  and {len(letters) - SHOWN} more" if len(letters) > SHOWN else ""
                message = f"There were {len(letters)} dead letters that the test did not expect:{lines}{more}"
                raise AssertionError(message)
        return result

    return system.run(whole) if time is None else time.run(system, whole)


def describe(letter: "DeadLetter") -> str:
    """A dead letter for a failure's text."""
    return f"{letter.message!r} to {letter.target}: {letter.reason.value}"

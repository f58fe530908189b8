"""A loop whose clock goes only when everything waits, and then at once to the next timer: no test sleeps."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any

from actors import Settings, System


class _Selector(selectors.SelectSelector):
    """Waits for nothing: whoever waits for a time is given that time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("Everything waits, and there is no timer: nobody can ever wake.")
        self.now += max(0.0, timeout)
        return super().select(0)


class Clockwork(asyncio.SelectorEventLoop):
    """The loop. `pause` lets time pass while nothing runs, as a stopped process or a busy loop would."""

    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now

    def pause(self, seconds: float) -> None:
        """Let time pass at once."""
        self._clock.now += seconds


def run(main: Callable[[System, Clockwork], Coroutine[Any, Any, None]], **settings: Any) -> None:
    """Run `main(system, loop)` by such a clock."""

    async def whole() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Clockwork)
        async with System(on="local", settings=Settings(**settings), clock=loop.time) as system:
            await main(system, loop)

    with asyncio.Runner(loop_factory=Clockwork) as runner:
        runner.run(whole())

"""A module that both processes can import, with a variable that its local code changes."""

from collections.abc import Callable

CALLS = 0


def adder(step: int) -> Callable[[int], int]:
    def add(value: int) -> int:
        global CALLS  # noqa: PLW0603
        CALLS += 1
        return value + step + CALLS - 1

    return add


def local_class() -> type:
    class Local:
        def total(self) -> int:
            return CALLS

    return Local

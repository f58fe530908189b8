"""The actors that live in a detached system; a module, so that other programs can send to them."""

import os
from typing import Any

import ray

from actors import Actor, call


class Account(Actor):
    """Says which of its incarnations it is, where it lives, and what it was started from."""

    def __init__(self, owner: str, sums: list[int]) -> None:
        if not owner:
            raise LookupError("nobody owns this account")
        self.owner = owner
        self.sums = sums

    @call
    def add(self, amount: int) -> list[int]:
        self.sums.append(amount)
        return self.sums

    @call
    def state(self) -> tuple[int, int, str, list[int]]:
        """The incarnation, the process, the owner, and the sums."""
        return self.context.incarnation, os.getpid(), self.owner, self.sums

    @call
    def process(self) -> tuple[int, dict[str, float]]:
        """Where it lives, and what Ray has given to that process."""
        context: Any = ray.get_runtime_context()
        return os.getpid(), context.get_assigned_resources()

    @call
    def fail(self) -> None:
        raise ValueError("planned")

    @call
    def leave(self) -> None:
        self.context.stop()

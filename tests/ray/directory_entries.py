"""A pure directory for the tests: a counter and a table."""

from typing import Any


class Table:
    def __init__(self, generation: int, config: Any) -> None:
        self.generation = generation
        self.config = config
        self.names: dict[str, str] = {}

    def claim(self, now: float, name: str, owner: str) -> bool:
        return self.names.setdefault(name, owner) == owner

    def facts(self, now: float) -> tuple[int, Any, float, int]:
        return self.generation, self.config, now, len(self.names)

    def refuse(self, now: float) -> None:
        raise KeyError("no such seat")

    def errands(self, now: float) -> list[Any]:
        return []

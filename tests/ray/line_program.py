"""A program in a node's namespace that answers one line of JSON for each line it is told."""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from tests.ray.netns import Node, ray_environment


class LineProgram:
    """`python -m module arguments` on a node, from its start to its end."""

    def __init__(self, node: Node, module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            node.command(sys.executable, "-m", module, *arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=ray_environment() | dict(environment or {}),
        )

    def hear(self) -> dict[str, Any]:
        """What it says next; fails with all it wrote if it has ended."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()
        return json.loads(line)

    def say(self, word: str) -> None:
        """Tell it a word, without waiting for its answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def tell(self, word: str) -> dict[str, Any]:
        """Its answer to a word."""
        self.say(word)
        return self.hear()

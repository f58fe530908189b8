"""The runtime without the places where it asks for an instrument, made mechanically from its own source.

Every question whether there is an `observer`, an `instrument` or a `header` is answered with no, and what then cannot
happen is left out; nothing else changes. So the difference to the source is what these questions cost.
"""

import ast
import compileall
from pathlib import Path
from typing import Any

HOOKS = frozenset({"observer", "instrument", "header"})


class HookFree(ast.NodeTransformer):
    """Answers the questions, and counts them."""

    def __init__(self) -> None:
        self.answered = 0

    def visit_If(self, node: ast.If) -> Any:
        """A statement whose condition is known is the branch that is taken."""
        self.generic_visit(node)
        answer = self._answer(node.test)
        if answer is None:
            return node
        return (node.body if answer else node.orelse) or ast.Pass()

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        """An expression likewise."""
        self.generic_visit(node)
        answer = self._answer(node.test)
        return node if answer is None else node.body if answer else node.orelse

    def _answer(self, test: ast.expr) -> bool | None:
        match test:
            case ast.Compare(left=asked, ops=[ast.Is() | ast.IsNot() as op], comparators=[ast.Constant(value=None)]):
                name = asked.attr if isinstance(asked, ast.Attribute) else getattr(asked, "id", "")
                if name in HOOKS:
                    self.answered += 1
                    return isinstance(op, ast.Is)
        return None


def write(source: Path, target: Path, *, hooks: bool) -> int:
    """Write the package `source` to `target`, with its hooks or without; returns how many were left out.

    With them it is only parsed and written again, so that both differ in nothing else.
    """
    free = HookFree()
    for file in sorted(source.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        if not hooks:
            tree = ast.fix_missing_locations(free.visit(tree))
        copy = target / source.name / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(ast.unparse(tree), encoding="utf-8")
    compileall.compile_dir(target, quiet=1)  # or the first program to run there would, and its instructions count
    return free.answered

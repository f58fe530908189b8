"""A mistake is planted by giving the functions of a loaded file other code, so that nothing has to be loaded anew."""

import ast
import gc
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType

from tests.mutation.mutants import bodies

REACHED = "__reached__"


class Ground:
    """One file, loaded: its functions can be replaced by those of another source, which has the same functions."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.source = file.read_text(encoding="utf-8")
        self.reached: set[int] = set()
        """Lines where statements began, since `watch`."""
        module = importlib.import_module(".".join(file.with_suffix("").parts).removesuffix(".__init__"))
        setattr(module, REACHED, self.reached.add)
        name = str(module.__file__)
        self._before = list(_functions(compile(self.source, name, "exec")))
        self._loaded: dict[tuple[str, int], list[FunctionType]] = {}
        for it in gc.get_objects():
            if isinstance(it, FunctionType) and it.__code__.co_filename == name:
                self._loaded.setdefault((it.__code__.co_qualname, it.__code__.co_firstlineno), []).append(it)

    def plant(self, source: str) -> None:
        """Let its functions, whoever holds them, do what those of this source do. There is no way back."""
        after = list(_functions(compile(source, str(self.file), "exec")))
        for old, new in zip(self._before, after, strict=True):
            for function in self._loaded.get((old.co_qualname, old.co_firstlineno), ()):
                # Without its only `super()` it no longer refers to its class; but Python wants as many cells as before.
                function.__code__ = new.replace(co_freevars=old.co_freevars)

    def watch(self) -> None:
        """Let its functions tell which statements they reach."""
        tree = ast.parse(self.source)
        for body in list(bodies(tree)):
            body[:] = [it for statement in body for it in (_tells(statement.lineno), statement)]
        self.plant(ast.unparse(ast.fix_missing_locations(tree)))


def _tells(line: int) -> ast.stmt:
    return ast.Expr(ast.Call(ast.Name(REACHED, ast.Load()), [ast.Constant(line)], []))


def _functions(code: CodeType) -> Iterator[CodeType]:
    """Those that are in no other, in order."""
    for it in code.co_consts:
        if isinstance(it, CodeType) and not it.co_name.startswith("<"):
            if it.co_flags & inspect.CO_OPTIMIZED:
                yield it
            else:  # of a class
                yield from _functions(it)

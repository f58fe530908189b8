"""A mutant is a source file with one small mistake: a statement is missing, two are swapped, a condition is turned.

What no test can be asked to notice is left alone: docstrings, annotations, slots, logging, names for checkers, and the
bodies of protocols.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
SIMPLE = (ast.Expr, ast.Assign, ast.AugAssign, ast.Return, ast.Raise, ast.Delete, ast.Break, ast.Continue)
LOGGING = ("log.", "logger.", "_log.", "logging.")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake in one file."""

    line: int
    kind: str
    text: str
    """What stands there without the mistake."""
    source: str
    """The whole file with it."""

    def __str__(self) -> str:
        return f"line {self.line}, {self.kind}: {self.text}"


def mutants(source: str) -> Iterator[Mutant]:
    """All mutants of a source, in the order of its lines for each kind of statement."""
    tree = ast.parse(source)
    lines = source.splitlines()
    for body in bodies(tree):
        for at, statement in enumerate(body):
            text = lines[statement.lineno - 1].strip()
            for kind, do, undo in (*_of_statement(body, at), *_of_conditions(statement)):
                do()
                yield Mutant(statement.lineno, kind, text, ast.unparse(ast.fix_missing_locations(tree)))
                undo()


Change = tuple[str, Callable[[], None], Callable[[], None]]


def bodies(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    """Every block of statements within functions."""
    for function in _functions(tree):
        for node in _within(function):
            for name in ("body", "orelse", "finalbody"):
                block = getattr(node, name, None)
                if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                    yield block


def _functions(node: ast.AST) -> Iterator[ast.AST]:
    """The outermost functions, without those of protocols."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef) and any(
            ast.unparse(base).partition("[")[0] == "Protocol" for base in child.bases
        ):
            continue
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
        else:
            yield from _functions(child)


def _within(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield from _within(child)


def _of_statement(body: list[ast.stmt], at: int) -> Iterator[Change]:
    statement = body[at]
    if not _counts(statement):
        return

    def put(new: ast.stmt) -> Callable[[], None]:
        return lambda: body.__setitem__(at, new)

    if not (isinstance(statement, ast.Return) and at and statement.value is None):
        yield "deleted", put(ast.Pass()), put(statement)
    if isinstance(statement, ast.Return | ast.Raise) or at + 1 == len(body) or not _counts(body[at + 1]):
        return
    if _independent(statement, body[at + 1]):

        def swap() -> None:
            body[at], body[at + 1] = body[at + 1], body[at]

        yield "swapped with the next", swap, swap


def _counts(statement: ast.stmt) -> bool:
    if not isinstance(statement, SIMPLE):
        return False
    said = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return not said and not _logs(statement)


def _logs(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and ast.unparse(statement).removeprefix("self.").startswith(LOGGING)


def _independent(first: ast.stmt, second: ast.stmt) -> bool:
    """Whether the two can be swapped at all, and might make a difference: the second needs no name of the first."""
    made = {node.id for node in ast.walk(first) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    used = {node.id for node in ast.walk(second) if isinstance(node, ast.Name)}
    both_plain = isinstance(first, ast.Assign) and isinstance(second, ast.Assign)
    return not made & used and not both_plain and not isinstance(second, ast.Return | ast.Raise | ast.Break)


def _of_conditions(statement: ast.stmt) -> Iterator[Change]:
    if _logs(statement):
        return
    if isinstance(statement, ast.If | ast.While):
        yield _negated(statement)
    for node in _expressions(statement):
        if isinstance(node, ast.IfExp):
            yield _negated(node)
        elif isinstance(node, ast.Compare) and len(node.ops) == 1:
            yield from _compared(node)
        elif isinstance(node, ast.BoolOp):
            yield from _shortened(node)


def _negated(node: ast.If | ast.While | ast.IfExp) -> Change:
    test = node.test

    def do() -> None:
        node.test = ast.UnaryOp(ast.Not(), test)

    def undo() -> None:
        node.test = test

    return "condition negated", do, undo


def _compared(node: ast.Compare) -> Iterator[Change]:
    before = node.ops[0]
    after = COMPARISONS[type(before)]()

    def put(op: ast.cmpop) -> Callable[[], None]:
        return lambda: node.ops.__setitem__(0, op)

    yield f"{type(before).__name__} is {type(after).__name__}", put(after), put(before)


def _shortened(node: ast.BoolOp) -> Iterator[Change]:
    whole = node.values

    def put(values: list[ast.expr]) -> Callable[[], None]:
        return lambda: setattr(node, "values", values)

    for at, value in enumerate(whole):
        name = f"without `{ast.unparse(value)}`"
        yield name, put([it for number, it in enumerate(whole) if number != at]), put(whole)


def _expressions(statement: ast.stmt) -> Iterator[ast.AST]:
    """The expressions of a statement itself, not those of statements within it."""
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.expr | ast.withitem | ast.keyword):
            yield from ast.walk(child)

"""What follows for which children from an end: pure rules over strategies, restart types and ways to end.

| end of the child                    | permanent | transient | temporary |
| ----------------------------------- | --------- | --------- | --------- |
| it stopped itself                   | again     | gone      | gone      |
| it failed, and is to be restarted   | again     | again     | gone      |
| its host was lost                   | again     | again     | gone      |
| its parent stopped it               | gone      | gone      | gone      |

"Again" concerns those that `affected` names, together. "Gone" concerns nobody else.
"""

from collections.abc import Container, Iterable, Sequence

from actors.supervising.supervision import Restart, Shutdown, Strategy


def comes_back(restart: Restart, *, normal: bool) -> bool:
    """Whether a child of this type starts again after it ended by itself: normally, or by a failure or a loss."""
    return restart is Restart.PERMANENT or (restart is Restart.TRANSIENT and not normal)


def affected(strategy: Strategy, children: Sequence[int], failed: Container[int]) -> Sequence[int]:
    """Those of `children` (in the order of their starts) that are restarted when the `failed` ones are."""
    if strategy is Strategy.ONE_FOR_ONE:
        return [child for child in children if child in failed]
    first = next((index for index, child in enumerate(children) if child in failed), len(children))
    if first == len(children):
        return []
    return children if strategy is Strategy.ONE_FOR_ALL else children[first:]


def batches(children: Iterable[tuple[int, bool]]) -> list[list[int]]:
    """Children in the order of their starts, as (number, whether it has a name), in groups that go together.

    A named child goes by itself; a run of unnamed ones goes at once (rule A41).
    """
    groups: list[list[int]] = []
    run = False
    for number, named in children:
        if named or not run:
            groups.append([number])
        else:
            groups[-1].append(number)
        run = not named
    return groups


def shuts_down(shutdown: Shutdown, significant_left: int) -> bool:
    """Whether the supervisor stops, now that a significant child has ended by itself and so many are left."""
    return shutdown is Shutdown.ANY_SIGNIFICANT or (shutdown is Shutdown.ALL_SIGNIFICANT and significant_left == 0)

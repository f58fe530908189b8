"""The blocking form has every verb of the async one, with the same parameters and result, or it is said why not."""

import inspect
import re
from collections.abc import AsyncGenerator, Iterator
from typing import Any, get_args, get_origin

import pytest

from actors.blocking import BlockingSystem
from actors.operations.blocking_operations import BlockingOperations, BlockingQuarantines
from actors.operations.operations import Operations
from actors.supervising.quarantines import Quarantines
from actors.system import System

ASYNC_ONLY = {
    "run": "the blocking form is opened by `with`, or by `open`",
    "blocking": "it is the blocking form",
    "spawn_nowait": "what returns at once needs the host's own thread",
    "receptionist": "it speaks on the host's own loop: `wait_for(...)`",
    "telemetry": "it is for edges, which are async: `.system.telemetry`",
    "on_dead_letter": "its subscriber runs on the host's own loop: `.system.on_dead_letter`",
    "on_host_lost": "its subscriber runs on the host's own loop: `.system.on_host_lost`",
    "host": "for the runtime's own tools: `.system.host`",
    "settings": "a fact that needs no waiting: `.system.settings`",
    "supervision": "a fact that needs no waiting: `.system.supervision`",
    "health_port": "a fact that needs no waiting: `.system.health_port`",
}
"""Of a system: why it is not in the blocking form."""

BLOCKING_ONLY = {"open", "close", "system", "tell", "ask", "send", "stream", "wait_for", "iterate"}
"""How it is opened, the verbs of refs, and how to wait for anything else."""


def names(of: type) -> set[str]:
    return {name for name in dir(of) if not name.startswith("_")}


def parameters(of: type, name: str) -> list[tuple[str, Any, Any, str]]:
    """What is to be given: names, kinds, defaults and types."""
    found = list(signature(of, name).parameters.values())[1:]
    return [(it.name, it.kind, it.default, shown(it.annotation)) for it in found]


def result(of: type, name: str) -> str:
    annotation = signature(of, name).return_annotation
    if get_origin(annotation) is AsyncGenerator:
        annotation = Iterator[get_args(annotation)[0]]
    return shown(annotation)


def signature(of: type, name: str) -> inspect.Signature:
    function = inspect.getattr_static(of, name)
    assert inspect.isfunction(function), name
    return inspect.signature(function)


def shown(annotation: object) -> str:
    """A type by its name, whether it is written as text or not, and wherever it is from."""
    text = annotation.__name__ if isinstance(annotation, type) and not get_args(annotation) else str(annotation)
    return re.sub(r"^Optional\[(.*)\]$", r"\1 | None", re.sub(r"[~\"']|(\w+\.)+", "", text))


@pytest.mark.parametrize(
    ("awaited", "blocking"), [(Operations, BlockingOperations), (Quarantines, BlockingQuarantines)]
)
def test_operations_and_quarantines_have_the_same_verbs_in_both_forms(awaited: type, blocking: type) -> None:
    assert names(awaited) == names(blocking)
    for name in names(awaited):
        assert parameters(awaited, name) == parameters(blocking, name), name
        assert result(awaited, name) == result(blocking, name), name


def test_what_a_system_has_the_blocking_form_has_too_or_it_is_said_why_not() -> None:
    mine = names(BlockingSystem) | {"system"}  # which is an attribute
    assert names(System) - mine == set(ASYNC_ONLY)
    assert mine - names(System) == BLOCKING_ONLY


def test_what_both_forms_of_a_system_have_takes_the_same_and_gives_the_same() -> None:
    for name in (names(System) & names(BlockingSystem)) - {"operations", "quarantine"}:
        assert parameters(System, name) == parameters(BlockingSystem, name), name
        if name != "options":  # which gives a spawner of the same form
            assert result(System, name) == result(BlockingSystem, name), name

"""Whatever users put on spans leaves the host: of every type and size, cut to what was configured, and nothing else."""

import json
from typing import Any

import pytest
from opentelemetry import trace

from actors import Actor, Failed, System, call
from actors.testing import run
from tests.tracing.caught import Catching, Seen, named
from tracing.otlp import encoded

LONG = 3_000_000
SECRET = "a message's body"
VALUES: dict[str, Any] = {
    "text": "αβγ",
    "long": "x" * LONG,
    "longs": ["y" * LONG, "z"],
    "half a character": "\ud800",
    "number": 7,
    "huge": 2**80,
    "share": 0.5,
    "no number": float("nan"),
    "endless": float("inf"),
    "yes": True,
    "bytes": b"\xff\x00",
    "list": [1, 2],
    "mixed": [1, "a"],
    "nothing": None,
    "map": {"a": 1},
    "object": object(),
    "": "no name",
    "k" * 10_000: "a long name",
}


class Painter(Actor):
    """Puts things on spans."""

    @call
    def paint(self, name: str, body: str) -> None:
        with trace.get_tracer("users").start_as_current_span("own") as span:
            span.set_attribute(name, VALUES[name])
            span.add_event("event", {name: VALUES[name]})

    @call
    def shout(self, body: str) -> None:
        raise ValueError("!" * LONG)


def painted(names: list[str]) -> tuple[list[Seen], bytes]:
    """The spans of a run, and their document."""
    catching = Catching(longest_value=100)

    async def main(system: System) -> None:
        painter = await system.spawn(Painter)
        for name in names:
            await painter.ask(Painter.paint(name, SECRET))

    run(main, instrument=catching)
    return catching.seen(), encoded(catching.catcher.spans)


@pytest.mark.parametrize("name", VALUES, ids=lambda name: name[:20] or "empty")
def test_a_span_with_any_value_is_written_and_short(name):
    spans, document = painted([name])
    assert len(named(spans, "own")) == 1
    assert len(document) < 60_000
    json.loads(document)
    assert SECRET.encode() not in document


def test_values_that_otlp_knows_arrive_as_they_were():
    spans, _ = painted(["text", "number", "share", "yes", "list", "long"])
    facts = {name: value for span in named(spans, "own") for name, value in span.facts.items()}
    assert facts == {"text": "αβγ", "number": 7, "share": 0.5, "yes": True, "list": [1, 2], "long": "x" * 100}


def test_the_text_of_an_error_is_cut_wherever_it_stands():
    catching = Catching(longest_value=100)

    async def main(system: System) -> None:
        painter = await system.spawn(Painter)
        with pytest.raises(Failed):
            await painter.ask(Painter.shout(SECRET))

    run(main, instrument=catching)
    document = encoded(catching.catcher.spans)
    assert len(document) < 20_000
    assert b"!" * 50 in document
    assert b"!" * 501 not in document
    assert SECRET.encode() not in document

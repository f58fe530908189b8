"""Log records name the trace in which they were written."""

import logging
from typing import Any

import pytest

from actors import Actor, System, call
from actors.testing import run
from tests.tracing.caught import Catching, named


class Talker(Actor):
    """Says something."""

    @call
    def talk(self, word: str) -> None:
        self.context.logger.warning("it says %s", word)


async def main(system: System) -> None:
    talker = await system.options(name="talker").spawn(Talker)
    await talker.ask(Talker.talk("hello"))
    logging.getLogger("elsewhere").warning("outside")


def test_records_carry_the_ids_of_the_span_and_the_actors_name(caplog):
    before = logging.getLogRecordFactory()
    catching = Catching()
    run(main, instrument=catching)
    [said, outside] = [it for it in caplog.records if it.name in {"understudy.actors.Talker", "elsewhere"}]
    record: Any = said
    [handled] = [span for span in named(catching.seen(), "Talker/talk") if span.kind == "server"]
    assert (record.trace_id, record.span_id) == (handled.trace, handled.id)
    assert record.actor_name == "/talker"
    assert outside.__dict__["trace_id"] == "-"
    assert logging.getLogRecordFactory() is before


@pytest.mark.parametrize("ratio", [0.0])
def test_records_of_what_nobody_watches_name_no_trace(caplog, ratio):
    run(main, instrument=Catching(ratio=ratio))
    assert {it.__dict__["trace_id"] for it in caplog.records if it.name == "understudy.actors.Talker"} == {"-"}

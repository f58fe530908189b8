"""Headers travel between hosts, and harm nobody who does not read them."""

from typing import Any

import pytest

from actors import EndReason, Failed, Ref
from actors.address import Address
from actors.cells.spawner import Spawner
from actors.placement import Placement
from tests.actors.echo import Ask, Echo, Items, Ping
from tests.actors.recorder import Recorders
from tests.actors.town import in_town, until


def test_headers_travel_between_hosts_with_every_verb():
    recorders = Recorders()

    async def main(town: Any) -> None:
        here = await town.settle(instrument=recorders)
        there = await town.settle(instrument=recorders)
        last = await there.spawn(Echo)
        first = await here.spawn(Echo, here.ref(last))
        first.tell(Ping())
        assert await first.ask(Ask()) == "answer"
        await here.ref(last).send(Ping())
        items = here.ref(await there.spawn(Items))
        assert [it async for it in items.stream(Items.count(2))] == [0, 1]
        with pytest.raises(Failed):
            await here.ref(last).ask(Ask("fail"))
        near, far = recorders.by_seat[here.host.seat], recorders.by_seat[there.host.seat]
        await until(lambda: len(far.all("handle Ping")) == 2)
        assert far.all("handle Ping")[0].parent == near.all("tell Ping")[1].header
        assert far.all("handle Ping")[1].parent == near.line("send Ping").header
        assert far.all("handle Ask")[0].parent == near.all("ask Ask")[1].header
        assert far.line("handle count").parent == near.line("stream count").header
        assert isinstance(near.all("ask Ask")[-1].error, Failed)
        assert {line.ended for line in near.lines + far.lines} == {1}

    in_town(main)


def test_a_host_without_an_instrument_takes_messages_with_headers():
    recorders = Recorders()

    async def main(town: Any) -> None:
        here = await town.settle(instrument=recorders)
        there = await town.settle()
        last = here.ref(await there.spawn(Echo))
        last.tell(Ping())
        await last.send(Ping())
        assert await last.ask(Ask()) == "answer"
        assert len(await last.ask(Echo.look())) == 3

    in_town(main)


def test_what_nobody_watches_outside_is_not_decided_again_elsewhere():
    recorders = Recorders(watches=False)

    async def main(town: Any) -> None:
        here = await town.settle(instrument=recorders)
        there = await town.settle(instrument=recorders)
        last = here.ref(await there.spawn(Echo))
        last.tell(Ping())
        assert await last.ask(Ask()) == "answer"
        assert recorders.by_seat[there.host.seat].lines == []

    in_town(main)


def test_the_loss_of_a_host_is_told():
    recorders = Recorders()

    async def main(town: Any) -> None:
        here = await town.settle(instrument=recorders)
        there = await town.settle(instrument=recorders)
        await here.ref(await there.spawn(Echo)).ask(Ask())
        await town.lose(there)
        [lost] = [it for it in recorders.by_seat[here.host.seat].events if it.what.value == "host lost"]
        assert lost.facts == {"lost_seat": there.host.seat, "lost_epoch": there.host.sitting.epoch}

    in_town(main)


@pytest.mark.parametrize("watched", [True, False])
def test_what_is_told_right_behind_a_start_is_handled_after_it(watched):
    async def main(town: Any) -> None:
        here = await town.settle(instrument=Recorders() if watched else None)
        there = await town.settle(instrument=Recorders() if watched else None)
        near = Placement("near", near=Ref(Address("town", there.host.seat, 0), here.host.delivery))
        spawner = Spawner(here.host, here.host.root.children, name=None, placement=near, stop_budget=None)
        echo = spawner.spawn_nowait(Echo)
        echo.tell(Ping())
        assert len(await echo.ask(Echo.look())) == 1
        assert here.letters == there.letters == []

    in_town(main)


def test_a_dead_letter_on_another_host_is_told_with_its_message():
    recorders = Recorders()

    async def main(town: Any) -> None:
        here = await town.settle(instrument=recorders)
        there = await town.settle(instrument=recorders)
        echo = await there.spawn(Echo)
        await there.host.stop_cells(EndReason.STOPPED)
        here.ref(echo).tell(Ping())
        near, far = recorders.by_seat[here.host.seat], recorders.by_seat[there.host.seat]
        await until(lambda: [it for it in far.events if it.what.value == "dead letter"])
        [letter] = [it for it in far.events if it.what.value == "dead letter"]
        assert letter.header == near.line("tell Ping").header

    in_town(main)

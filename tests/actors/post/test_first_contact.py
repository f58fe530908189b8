"""The first words between two hosts need a link first; that belongs to the host, not to the actor who spoke."""

from typing import Any

from actors import Actor, Ref, call
from tests.actors.town import Keeper, Note, Town, actor, in_town, until


class Farewell(Actor):
    """Ends right after the first words to another host."""

    @call
    async def go(self, to: Ref[Any]) -> None:
        try:
            to.tell(Note("farewell"))
        finally:
            self.context.stop()


def test_the_first_words_between_two_hosts_arrive_though_their_sender_ends() -> None:
    async def main(town: Town) -> None:
        one, other = await town.settle(), await town.settle()
        keeper = await other.spawn(Keeper)
        farewell = await one.spawn(Farewell)
        await farewell.ask(Farewell.go(one.ref(keeper)))
        await until(lambda: actor(other, keeper).seen == ["farewell"])

    in_town(main)

"""What a message marks as sensitive reaches its handler, and nothing that others look at."""

from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from pydantic import BaseModel

from actors import Actor, DeadLetter, Failed, Message, Sensitive, System, call, receive
from actors.testing import run
from tests.tracing.caught import Catching
from tracing.otlp import encoded

CARD = "4111-1111-1111-1111"


class Pay(Message):
    card: Annotated[str, Sensitive]
    amount: int


@dataclass(frozen=True)
class PayData:
    card: Annotated[str, Sensitive]
    amount: int


class PayModel(BaseModel):
    card: Annotated[str, Sensitive]
    amount: int


class Till(Actor):
    """Takes cards, and talks too much."""

    def __init__(self) -> None:
        self.cards: list[str] = []

    @call
    def charge(self, card: Annotated[str, Sensitive], amount: int) -> None:
        self.cards.append(card)
        raise ValueError(f"the card {card} was refused")

    @receive
    def pay(self, message: Pay) -> None:
        self.cards.append(message.card)

    @receive
    def pay_data(self, message: PayData) -> None:
        self.cards.append(message.card)

    @receive
    def pay_model(self, message: PayModel) -> None:
        self.cards.append(message.card)


def test_error_texts_and_tracebacks_on_spans_have_stars(caplog):
    catching = Catching()

    async def main(system: System) -> None:
        till = await system.spawn(Till)
        with pytest.raises(Failed):
            await till.ask(Till.charge(CARD, 5))
        till.tell(Pay(CARD, 5))

    run(main, instrument=catching, allow_dead_letters=True)
    written = encoded(catching.catcher.spans).decode()
    assert "was refused" in written
    assert "***" in written
    assert CARD not in written


@pytest.mark.parametrize(
    "message", [Pay(CARD, 5), PayData(CARD, 5), PayModel(card=CARD, amount=5), Till.charge(CARD, 5)]
)
def test_a_dead_letter_has_stars_and_the_message_itself_has_not(message):
    letters: list[DeadLetter] = []

    async def main(system: System) -> None:
        till = await system.spawn(Till)
        system.on_dead_letter(letters.append)
        await system.stop_actor(till)
        till.tell(message)

    run(main, allow_dead_letters=True)
    given: Any = letters[0].message
    assert type(given) is type(message)
    assert (given.card, given.amount) == ("***", 5)
    assert message.card == CARD


def test_what_people_see_of_a_message_has_stars():
    assert repr(Pay(CARD, 5)) == "Pay(card=***, amount=5)"
    assert repr(Till.charge(CARD, 5)) == "Till.charge(card=***, amount=5)"

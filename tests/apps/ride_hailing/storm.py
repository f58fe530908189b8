"""A company whose messages are lost, late, or come twice: to try the protocol, not the runtime.

Each actor of the company drops, delays or repeats what other actors tell it before its own handler sees it. What the
program asks (Begin, log pages, the board) and the actor's own timers come through.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints

from actors import Actor, receive
from apps.ride_hailing.dispatcher import Dispatcher
from apps.ride_hailing.driver import Driver
from apps.ride_hailing.play import Company
from apps.ride_hailing.rider import Rider
from apps.ride_hailing.trip import Trip

A = TypeVar("A", bound=Actor)


@dataclass(frozen=True)
class Weather:
    """Shares of the messages that are lost, late and told twice; how late, in real seconds."""

    lost: float = 0.15
    late: float = 0.15
    twice: float = 0.15
    delay: float = 0.25


def company(weather: Weather) -> Company:
    """Everybody in the rain."""
    trip = stormy(Trip, weather, "proposed", "progress", "cancel", "no_supply", "noted", "fix")
    dispatcher = stormy(Dispatcher, weather, "sign_on", "ride_request", "step", "declined", "fix")
    dispatcher.trip_class = trip
    driver = stormy(Driver, weather, "signed_on", "offer", "agreed", "released")
    return Company(dispatcher, driver, stormy(Rider, weather, "step"))


def stormy(calm: type[A], weather: Weather, *handlers: str) -> type[A]:
    """A subclass of an actor class whose named handlers see the messages as the weather lets them through."""
    names = {name: rainy(getattr(calm, name), weather) for name in handlers}
    return type(f"Stormy{calm.__name__}", (calm,), names)


def rainy(handler: Callable[[Any, Any], None], weather: Weather) -> Callable[[Any, Any], None]:
    def handle(self: Actor, message: Any) -> None:
        chance = self.context.random.random()
        if chance < weather.lost:
            return
        if chance < weather.lost + weather.late:
            wait = self.context.random.uniform(0.0, weather.delay)
            self.context.timers.once(object(), wait, message)
            return
        handler(self, message)
        if chance > 1.0 - weather.twice:
            handler(self, message)

    hints = get_type_hints(handler)
    (taken,) = (name for name in hints if name != "return")
    handle.__annotations__ = {"message": hints[taken], "return": None}
    handle.__name__ = handler.__name__
    return receive(handle)

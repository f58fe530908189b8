"""How long things take and how people behave: the numbers of the game, in simulated seconds unless said otherwise."""

from dataclasses import dataclass

from apps.ride_hailing.pace import Pace


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers that all actors of a run share."""

    pace: Pace
    report_every: float = 4.0
    """Between two position reports of a driver; the figure Uber has published for its drivers' phones."""
    match_every: float = 2.0
    """Between two batches of the dispatcher."""
    offer_holds: float = 15.0
    """How long a driver may take up an offer."""
    thinking: tuple[float, float] = (2.0, 6.0)
    """How long a driver looks at an offer: at least, at most."""
    declines: float = 0.05
    """Share of the offers that a driver declines."""
    boarding: float = 30.0
    """From the driver's arrival until the ride begins."""
    reach: float = 900.0
    """A driver who is farther than this from the rider is not asked."""
    search: float = 360.0
    """How long the dispatcher searches for a driver before it says that there is none."""
    patience: tuple[float, float] = (360.0, 900.0)
    """How long a rider waits for the car before giving up: at least, at most."""

    again: float = 1.0
    """Real seconds after which a message that was not acknowledged is told again."""
    drivers: int = 1
    """How many drivers there are."""
    shortest_report: float = 0.05
    """Real seconds: no driver reports more often than this, however fast the day is played."""
    most_reports: float = 6000.0
    """Reports in a real second from all drivers together: what one dispatcher takes in beside its other work."""
    shortest_match: float = 0.02
    """Real seconds: the dispatcher matches no more often."""
    shortest_offer: float = 1.0
    """Real seconds: no offer is shorter, because an answer over a busy link needs its time."""
    silence: float = 15.0
    """Real seconds without a word from the driver after which a trip gives the driver up for lost."""

    @property
    def report_seconds(self) -> float:
        """Real seconds between two reports of a driver."""
        return self.pace.real(self.report_every, max(self.shortest_report, self.drivers / self.most_reports))

    @property
    def match_seconds(self) -> float:
        """Real seconds between two batches of the dispatcher."""
        return self.pace.real(self.match_every, self.shortest_match)

    @property
    def offer_lasts(self) -> float:
        """Simulated seconds from an offer to its expiry."""
        return self.pace.simulated(self.pace.real(self.offer_holds, self.shortest_offer))

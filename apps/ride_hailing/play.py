"""A run from beginning to end: cast the actors, begin the day, wait until every request is over, collect the logs."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from actors import AskError, Ref, System, spread
from apps.ride_hailing.dispatcher import Dispatcher
from apps.ride_hailing.driver import Driver
from apps.ride_hailing.evidence import Evidence, Home
from apps.ride_hailing.judge import judge_run
from apps.ride_hailing.log import Entry
from apps.ride_hailing.messages import Begin, Board
from apps.ride_hailing.pace import HOUR, Clock
from apps.ride_hailing.participant import PAGE, Participant
from apps.ride_hailing.plan import Plan
from apps.ride_hailing.progress import Progress
from apps.ride_hailing.rider import Rider
from apps.ride_hailing.rules import Rules

T = TypeVar("T")

AT_ONCE = 200
"""Asks in flight when everybody is asked the same: enough to keep all hosts busy, few enough to be answered soon."""

LEAD = 1.0
"""Real seconds from the beginning of the day to its first possible request: the drivers sign on."""

LOOK = 0.25
"""Real seconds between two looks at how many requests are over."""

SHOW = 1.0
"""Real seconds between two lines of progress."""

OVERTIME = 30.0
"""Real seconds that a run may last beyond the time when by the rules everything is over."""

ATTEMPTS = 5
"""How often the logs are collected while they disagree, because a message between their writers may be on its way."""


@dataclass(frozen=True, slots=True)
class Company:
    """The actor classes of a run; another company may drop or repeat what it is told, to try the protocol."""

    dispatcher: type[Dispatcher] = Dispatcher
    driver: type[Driver] = Driver
    rider: type[Rider] = Rider


COMPANY = Company()


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody who plays."""

    dispatcher: Ref[Dispatcher]
    drivers: Sequence[Ref[Driver]]
    riders: Sequence[Ref[Rider]]


async def play(
    system: System,
    plan: Plan,
    rules: Rules,
    progress: Progress,
    now: Callable[[], float],
    company: Company = COMPANY,
) -> Evidence:
    """Play a plan on an open system. `now`: seconds on any monotonic clock of this process.

    Returns when every request is over and the logs are collected, or when that takes longer than the rules allow; what
    is missing then is the judge's business.
    """
    progress.note(f"casting {len(plan.drivers):,} drivers and {len(plan.journeys):,} riders ...")
    cast = await _cast(system, plan, rules, company)
    before = await _handled(system)
    clock = Clock(rules.pace, plan.part.start - rules.pace.simulated(LEAD), now())
    await _begin(cast, lambda: clock.time(now()))
    await _until_over(system, cast.dispatcher, plan, rules, progress, now)
    seconds, messages = now() - clock.origin, await _handled(system) - before
    progress.note("collecting the logs ...")
    return await _collect(cast, plan, rules, seconds, messages)


async def _cast(system: System, plan: Plan, rules: Rules, company: Company) -> Cast:
    dispatcher = await system.options(name="dispatcher").spawn(company.dispatcher, rules)
    everywhere = system.options(placement=spread())
    drivers = [(name, at, dispatcher, rules) for name, at in plan.drivers]
    riders = [(journey, dispatcher, rules) for journey in plan.journeys]
    return Cast(
        dispatcher,
        await everywhere.spawn_many(company.driver, drivers),
        await everywhere.spawn_many(company.rider, riders),
    )


async def _begin(cast: Cast, time: Callable[[], float]) -> None:
    await cast.dispatcher.ask(Begin(time()))
    everybody: list[Ref[Participant]] = [*cast.drivers, *cast.riders]
    for group in _groups(everybody):
        await asyncio.gather(*(ref.ask(Begin(time())) for ref in group))


async def _until_over(
    system: System,
    dispatcher: Ref[Dispatcher],
    plan: Plan,
    rules: Rules,
    progress: Progress,
    now: Callable[[], float],
) -> None:
    began = now()
    shown, handled = began, await _handled(system)
    while now() - began < _longest(plan, rules):
        await asyncio.sleep(LOOK)
        board = await _answer(dispatcher.ask(Dispatcher.board()))
        if board is None:
            continue
        over = board.over >= len(plan.journeys)
        if over or now() - shown >= SHOW:
            handled, shown = await _show(system, progress, board, handled, shown, now)
        if over:
            return
    progress.note("the run has taken longer than its rules allow; judging what there is")


async def _show(
    system: System, progress: Progress, board: Board, handled: int, shown: float, now: Callable[[], float]
) -> tuple[int, float]:
    latest, moment = await _handled(system), now()
    progress.show(board, (latest - handled) / max(moment - shown, LOOK))
    return latest, moment


def _longest(plan: Plan, rules: Rules) -> float:
    """Real seconds after which by the rules everything is over: the last request, its search, wait and ride."""
    rides = max((journey.ride_seconds or HOUR for journey in plan.journeys), default=0.0)
    waits = rules.search + rules.patience[1] + rules.reach + rules.boarding
    return rules.pace.real(plan.part.seconds + waits + rides) + rules.silence + LEAD + OVERTIME


async def _collect(cast: Cast, plan: Plan, rules: Rules, seconds: float, messages: int) -> Evidence:
    evidence = await _collected(cast, plan, seconds, messages)
    for _ in range(ATTEMPTS - 1):
        if judge_run((journey.trip for journey in plan.journeys), evidence).satisfied:
            break
        await asyncio.sleep(2 * rules.again)
        evidence = await _collected(cast, plan, seconds, messages)
    return evidence


async def _collected(cast: Cast, plan: Plan, seconds: float, messages: int) -> Evidence:
    riders = await _logs([journey.trip for journey in plan.journeys], cast.riders)
    drivers = await _logs([name for name, _ in plan.drivers], cast.drivers)
    dispatcher = await _logs(["dispatcher"], [cast.dispatcher])
    program = Home.on(-1)
    return Evidence(
        riders={name: log for name, (_, log) in riders.items()},
        dispatcher=dispatcher["dispatcher"][1] if dispatcher else (),
        drivers={name: log for name, (_, log) in drivers.items()},
        homes={name: home for name, (home, _) in (riders | drivers | dispatcher).items()},
        program=(program.machine, program.process),
        seconds=seconds,
        messages=messages,
        unheard=tuple(sorted({*_names(plan), "dispatcher"} - riders.keys() - drivers.keys() - dispatcher.keys())),
    )


def _names(plan: Plan) -> Iterable[str]:
    yield from (journey.trip for journey in plan.journeys)
    yield from (name for name, _ in plan.drivers)


async def _logs(names: Sequence[str], refs: Sequence[Ref[Participant]]) -> dict[str, tuple[Home, tuple[Entry, ...]]]:
    """The home and the log of everybody who answers, by name."""
    logs: dict[str, tuple[Home, tuple[Entry, ...]]] = {}
    for group in _groups(list(zip(names, refs, strict=True))):
        answers = await asyncio.gather(*(_log(ref) for _, ref in group))
        logs.update((name, answer) for (name, _), answer in zip(group, answers, strict=True) if answer is not None)
    return logs


async def _log(ref: Ref[Participant]) -> tuple[Home, tuple[Entry, ...]] | None:
    entries: list[Entry] = []
    while True:
        page = await _answer(ref.ask(Participant.page(len(entries))))
        if page is None:
            return None
        entries += page.entries
        if len(page.entries) < PAGE:
            return page.home, tuple(entries)


async def _answer(ask: Awaitable[T]) -> T | None:
    """The answer, or None when there was none: whoever asks will ask again."""
    try:
        return await ask
    except AskError:
        return None


async def _handled(system: System) -> int:
    return sum(host.handled for host in await system.stats())


def _groups(items: Sequence[T]) -> Iterable[Sequence[T]]:
    return (items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE))

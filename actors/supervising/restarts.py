"""The restarts that one incarnation of a supervisor decides: charged to a budget, and made in rounds (A10, A11)."""

import logging
from typing import TYPE_CHECKING

from actors.supervising.budget import OwnBudgets, RestartBudget
from actors.supervising.refusals import Refusals, named, refusal
from actors.supervising.rounds import Place, Round
from actors.supervising.signals import Cause, EndReason, HaltChild, StartChild
from actors.supervising.strategies import affected, batches, comes_back
from actors.supervising.supervision import Strategy, Supervision

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actors.membership.seats import Seat
    from actors.supervising.child import Child
    from actors.supervising.children import Children

log = logging.getLogger("understudy.supervision")


class Restarts:
    """Starts children again, each by itself or those concerned together."""

    __slots__ = ("_children", "_refusals", "_round", "_supervision", "budget")

    def __init__(
        self, children: "Children", supervision: Supervision, refusals: Refusals, *, own_budgets: bool
    ) -> None:
        self._children = children
        self._supervision = supervision
        self._refusals = refusals
        self._round: Round | None = None
        kind = OwnBudgets if own_budgets else RestartBudget
        self.budget = kind(supervision.restarts, supervision.within)

    # ---- decisions --------------------------------------------------------------------------------------------------

    def again(self, child: "Child", error: BaseException, cause: Cause, *, charged: bool = False) -> None:
        """A child is to be started again after a failure, together with those that its strategy names.

        If that is one restart too many, it ends, and its supervisor, unless that is a root, fails. `charged`: it has
        been paid for before.
        """
        if charged or self.charge(child, error, cause):
            host = self._children.owner.host
            delay = child.delay(self._supervision.backoff, host.clock(), host.random.random())
            if self._supervision.strategy is Strategy.ONE_FOR_ONE:
                self._start(child, delay)
            else:
                self._cover([child], delay)

    def charge(self, child: "Child", error: BaseException, cause: Cause | None) -> bool:
        """Take one restart from the budget. False: it was spent, and so the child ends, and the supervisor fails."""
        now = self._children.owner.host.clock()
        if not self.budget.of(child.number).spend(now, cause):
            self._fail([child], error, self._too_many())
            return False
        if not self._refusals.bears_failure(child.number, error, now):
            self._fail([child], error, f"{self._children.label(child)} has failed too often by seats that are refused")
            return False
        return True

    def not_started(self, child: "Child", error: BaseException, cause: Cause | None) -> None:
        """A first start that somebody awaits has failed: that is charged, but to nobody but the child (rule A4)."""
        if self.budget.shared:
            self.charge(child, error, cause or child.cause)

    def stops(self, child: "Child") -> bool:
        """Whether a round is about to stop this one, so that its failures need no other answer."""
        return self._round is not None and self._round.stops(child.number)

    # ---- hosts that are lost ----------------------------------------------------------------------------------------

    def lost(self, children: "list[Child]") -> None:
        """These are away with their host. Those that depend on them stop, and all start when the seat is taken (A9)."""
        if self._supervision.strategy is not Strategy.ONE_FOR_ONE:
            self._cover(children, 0.0)

    def returned(self, children: "Iterable[Child]") -> None:
        """The seat of these was taken: they start there, or get a mailbox there if others are to start first."""
        for child in children:
            if self._round is None or child.number not in self._round.members or self._round.returned(child.number):
                self._start(child, 0.0)
            else:
                self._start(child, 0.0, waits=True)

    def refused(self, children: "list[Child]", seat: "Seat") -> None:
        """Nobody takes the seat of these for now, because too many have died on it: that is one failure (A9, A10).

        Whoever awaits the first start of one hears of it. If the seat has been refused too often in a row, or if it is
        one restart too many, all of them end, and the supervisor fails.
        """
        if not children:
            return
        labels = [self._children.label(child) for child in children]
        for child in children:
            if child.is_awaited:
                self._children.fail_start(child, refusal(seat, [self._children.label(child)]))
        waiting = [child for child in children if child.ended is None]
        error = refusal(seat, labels)
        if not self._refusals.bears(seat):
            self._fail(waiting, error, f"seat {seat.number} was refused {seat.refusals} times in a row")
            return
        now, cause = self._children.owner.host.clock(), object()  # one failure, however many wait
        charged = children if self.budget.shared else waiting
        if spent := [child for child in charged if not self.budget.of(child.number).spend(now, cause)]:
            self._fail([child for child in spent if child.ended is None], error, self._too_many())

    def _too_many(self) -> str:
        return f"more than {self.budget.restarts} restarts in {self.budget.within:g} s"

    def _fail(self, children: "list[Child]", error: BaseException, why: str) -> None:
        """It is too much: these end, and the supervisor fails."""
        owner = self._children.owner
        labels = named([self._children.label(child) for child in children])
        who = (owner.path or owner.address) if self.budget.shared else labels
        log.error("%s: %s; escalating", who, why, extra={"actor": str(owner.address)})
        for child in children:
            self._children.stop(child, EndReason.FAILED)
        owner.escalate(error)

    # ---- rounds -----------------------------------------------------------------------------------------------------

    def on_halted(self, child: "Child") -> None:
        """A child has stopped for the round."""
        if self._round is not None:
            self._round.stopped(child.number)
            self._go_on()

    def on_started(self, child: "Child") -> None:
        """A child has started."""
        if self._round is not None:
            self._round.started(child.number)
            self._go_on()

    def gone(self, child: "Child") -> None:
        """A child has ended for good; the round goes on without it."""
        self.budget.gone(child.number)
        self._refusals.forget(child.number)
        if self._round is not None:
            self._round.gone(child.number)
            self._go_on()

    def give_up(self) -> None:
        """All children are to stop: nobody is started any more."""
        self._round = None

    def _cover(self, children: "list[Child]", delay: float) -> None:
        if self._round is None:
            self._round = Round()
        table = self._children.table
        failed = {child.number for child in children} | self._round.members.keys()
        concerned = [table[number] for number in affected(self._supervision.strategy, list(table), failed)]
        away = {child.number for child in concerned if child.away}
        self._round.cover(batches((child.number, child.name is not None) for child in concerned), away, delay)
        self._go_on()

    def _go_on(self) -> None:
        """Tell whoever is due."""
        while (plan := self._round) is not None:
            step, numbers = plan.due()
            if step is None:
                if plan.done:
                    self._round = None
                return
            delay = plan.delay
            for number in numbers:
                child = self._children.table[number]
                if child.ended is not None:  # told to end for good meanwhile: the round waits for that, or is rid of it
                    if step is Place.STARTING:
                        plan.gone(number)
                elif step is Place.STARTING:
                    plan.delay = 0.0
                    self._start(child, delay)
                elif comes_back(child.spec.restart, normal=False):
                    halt = HaltChild(child.address, self._children.owner.address, child.incarnation)
                    self._children.owner.host.signal(child.address, halt)
                else:
                    self._children.stop(child, EndReason.SIBLING_ENDED)

    def _start(self, child: "Child", delay: float, *, waits: bool = False) -> None:
        owner = self._children.owner
        incarnation = child.incarnation + 1
        if not waits:
            child.incarnation = incarnation
        path = self._children.path(child)
        start = StartChild(child.address, incarnation, child.spec, owner.address, path, delay, waits)
        try:
            owner.host.signal(child.address, start)
        except Exception as error:
            log.exception("%s cannot be started again.", self._children.label(child))
            self._children.stop(child, EndReason.FAILED)
            owner.escalate(error)

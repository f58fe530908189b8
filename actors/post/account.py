"""How many messages were told to a peer and are not known to be done with: what is lost if it dies (rule A28).

The sender counts what it has queued for the peer (`tell` and `send`; an ask is accounted for by its outcome). The
receiver counts what it is done with: handled, or given up as a dead letter of its own. It says so once per REPORTING
seconds while there is anything new. The difference, less what the link gives back, is an upper bound, never less than
what died: it includes what was handled since the last report.

To count what is done with, the envelopes of a few messages hold on to a `Receipt`. When the last of them
is forgotten, wherever that is (its handler has returned, its stash was dropped), the receipt ends and they count.
"""

TOGETHER = 16
"""Messages that share a receipt, because one for each would cost too much: one that stays keeps all of them open."""

REPORTING = 1.0
"""Seconds between two reports to a peer."""


class Account:
    """The account of one session, both directions."""

    def __init__(self) -> None:
        self.told = 0
        """Messages that were queued for the peer."""
        self.confirmed = 0
        """Those of them that it is done with, by its last report."""
        self.done = 0
        """Messages of the peer that this host is done with."""
        self.reported = 0
        """Those of them that the peer has been told of."""
        self.receipt: Receipt | None = None
        """Of the batch that is being taken."""
        self.open = 0
        """Receipts that have not ended."""
        self.reporting = False
        """Whether there is to be a report."""

    def missing(self, given_up: int) -> int:
        """At most so many messages died inside the peer, when so many were given up on the way to it."""
        return max(0, self.told - self.confirmed - given_up)


class Receipt:
    """Stands for the messages of one batch until nobody holds any of them."""

    __slots__ = ("_account", "count")

    def __init__(self, account: Account) -> None:
        account.open += 1
        self._account = account
        self.count = 0

    def __del__(self) -> None:
        self._account.done += self.count
        self._account.open -= 1

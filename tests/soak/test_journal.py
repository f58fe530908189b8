"""What was written down is read again as records: the last word of an ask, and the letters of told requests alone."""

from collections import Counter
from pathlib import Path

from tests.soak.journal import Journal
from tests.soak.oracles import Loss, Records


def test_records_are_what_the_clients_and_all_hosts_wrote(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for number in (1, 2):
        journal.asks(number)
    journal.heard(1, "maybe")
    journal.tells(3, 7)
    journal.given_up(3, "unknown")
    journal.given_up(1, "late")
    (tmp_path / "11.5.letters").write_text("3 not_running\n")
    (tmp_path / "11.handled").write_text("1\n")
    (tmp_path / "12.handled").write_text("1\n2\n")
    losses = [Loss(7, 1, 4, 2)]
    assert journal.records(losses) == Records(
        asked={1: "maybe", 2: ""},
        told={3: 7},
        letters={3: ["not_running", "unknown"]},
        losses=losses,
        handled=Counter({1: 2, 2: 1}),
    )

"""What the clients write down, in files, so that the driver's memory shows what the runtime keeps and not the soak."""

from pathlib import Path

from tests.soak.oracles import Loss, Records

WAITS = "waits"


class Journal:
    """The files of one soak: its clients' here, and what counters and their hosts write beside them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._asked, self._told, self._letters = (
            (folder / name).open("w", encoding="ascii") for name in ("asked", "told", "driver.letters")
        )

    def asks(self, number: int) -> None:
        """A request is about to be asked."""
        self._asked.write(f"{number} {WAITS}\n")

    def heard(self, number: int, outcome: str) -> None:
        """How it ended."""
        self._asked.write(f"{number} {outcome}\n")

    def tells(self, number: int, seat: int) -> None:
        """A request is about to be told."""
        self._told.write(f"{number} {seat}\n")

    def given_up(self, number: int, reason: str) -> None:
        """A request has become a dead letter at the clients' host."""
        self._letters.write(f"{number} {reason}\n")

    def records(self, losses: list[Loss]) -> Records:
        """Everything that was written; nothing is written any more."""
        for file in (self._asked, self._told, self._letters):
            file.close()
        records = Records(losses=losses)
        for number, outcome in _lines(self._folder / "asked"):
            records.asked[int(number)] = "" if outcome == WAITS else outcome
        for number, seat in _lines(self._folder / "told"):
            records.told[int(number)] = int(seat)
        for path in sorted(self._folder.glob("*.letters")):
            for number, reason in _lines(path):
                if int(number) in records.told:
                    records.letters.setdefault(int(number), []).append(reason)
        for path in self._folder.glob("*.handled"):
            records.handled.update(map(int, path.read_text().split()))
        return records


def _lines(path: Path) -> list[tuple[str, str]]:
    return [(number, rest) for number, _, rest in (line.partition(" ") for line in path.read_text().splitlines())]

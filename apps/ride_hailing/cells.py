"""Where the available drivers are: an index by square cells, for the nearest to a point.

A square grid is enough where distances are L1 and the city is a rectangle; hexagons (H3) earn their dependency only
where cells are shards or are drawn on a map.
"""

from apps.ride_hailing.city import Point, distance

CELL = 500.0
"""Metres along the side of a cell: few drivers in each, few cells to look at."""

Cell = tuple[int, int]


class CellIndex:
    """Drivers by cell. `put` moves a driver that is there already; every driver is in exactly one cell."""

    def __init__(self) -> None:
        self._cells: dict[Cell, dict[str, Point]] = {}
        self._places: dict[str, Cell] = {}

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, driver: str) -> bool:
        return driver in self._places

    def put(self, driver: str, at: Point) -> None:
        """The driver is available and at this point."""
        cell = _cell(at)
        old = self._places.get(driver)
        if old is not None and old != cell:
            self.remove(driver)
        self._places[driver] = cell
        self._cells.setdefault(cell, {})[driver] = at

    def remove(self, driver: str) -> None:
        """The driver is not available; no error when that was known."""
        cell = self._places.pop(driver, None)
        if cell is None:
            return
        drivers = self._cells[cell]
        del drivers[driver]
        if not drivers:
            del self._cells[cell]

    def nearest(self, point: Point, count: int, within: float) -> list[tuple[float, str]]:
        """Up to `count` drivers within `within` metres, the nearest first, as (metres, driver).

        Looks at rings of cells around the point until no farther ring can hold a nearer driver.
        """
        found: list[tuple[float, str]] = []
        x, y = _cell(point)
        for ring in range(int(within // CELL) + 2):
            if len(found) >= count and sorted(found)[count - 1][0] <= (ring - 1) * CELL:
                break
            for cell in _ring(x, y, ring):
                for driver, place in self._cells.get(cell, {}).items():
                    metres = distance(point, place)
                    if metres <= within:
                        found.append((metres, driver))
        return sorted(found)[:count]


def _cell(point: Point) -> Cell:
    return int(point.x // CELL), int(point.y // CELL)


def _ring(x: int, y: int, ring: int) -> list[Cell]:
    """The cells whose larger offset from (x, y) is `ring`."""
    if ring == 0:
        return [(x, y)]
    span = range(-ring, ring + 1)
    sides = [(x + dx, y + dy) for dx in span for dy in (-ring, ring)]
    return sides + [(x + dx, y + dy) for dx in (-ring, ring) for dy in span[1:-1]]

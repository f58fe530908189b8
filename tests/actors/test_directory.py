"""The directory: seats are never used twice, names are held by one, and a rebuilding takes nobody for lost."""

import pytest
from msgspec.structs import replace

from actors.address import Address, Sitting
from actors.directory import Directory, Rebuilding, Seat, Table
from actors.errors import Unplaceable
from actors.membership.seats import Heartbeat, Heirs, Spare, Standing
from actors.settings import Settings
from tests.actors.town import Keeper, Note, Town, actor, in_town, until

NOW = 100.0
SETTLING = 2.5
REBUILDING = 8.0


def seat_of(sitting: Sitting, **changes: object) -> Seat:
    return Seat(sitting.seat, sitting.epoch, node="node", **changes)


def ada(seat: int) -> Address:
    return Address("s", seat, 1 << 40)


class Life:
    """One directory with its first hosts."""

    def __init__(self, hosts: int) -> None:
        self.directory = Directory(generation=7)
        self.seats = [seat_of(self.directory.sit(NOW, f"host {number}")) for number in range(hosts)]
        for seat in self.seats:
            self.table = self.directory.register(NOW, seat, {}, ())

    def successor(self) -> Directory:
        return Directory(generation=8, used_seats=self.directory.used_seats)

    def known(self) -> tuple[Seat, ...]:
        return tuple(self.seats)


def let_pass(directory: Directory, until: float) -> None:
    """Somebody calls every second, so that the directory knows that it was awake."""
    begun = directory._called_at or until
    for second in range(int(until - begun)):
        directory.table(begun + second + 1)


def test_seats_are_numbered_in_order_and_sitting_down_twice_is_sitting_down_once() -> None:
    directory = Directory(generation=3)
    first, again, second = directory.sit(NOW, "a"), directory.sit(NOW, "a"), directory.sit(NOW, "b")
    assert first == again
    assert (first.seat, second.seat) == (0, 1)
    assert second.epoch > first.epoch


def test_the_seat_of_a_host_that_has_left_is_not_given_to_another() -> None:
    life = Life(2)
    life.directory.leave(NOW, life.seats[1].sitting)
    assert life.directory.sit(NOW, "new").seat == 2


def test_a_successor_gives_no_seat_away_that_was_ever_used_even_before_any_host_has_reported() -> None:
    life = Life(3)
    successor = life.successor()
    assert successor.sit(NOW, "new").seat == 3


def test_a_successor_that_lost_its_memory_learns_of_used_seats_from_reports() -> None:
    life = Life(3)
    successor = Directory(generation=8, used_seats=1)
    successor.register(NOW, life.seats[0], {}, life.known())
    assert successor.sit(NOW, "new").seat == 3
    unknowing = Directory(generation=8)
    unknowing.register(NOW, life.seats[2], {}, ())
    assert unknowing.sit(NOW, "new").seat == 3


def test_epochs_of_a_successor_are_higher_than_all_before() -> None:
    life = Life(3)
    assert life.successor().sit(NOW, "new").epoch > max(seat.epoch for seat in life.seats)


def test_a_table_is_complete_once_all_that_were_known_have_reported_and_everybody_had_time_to() -> None:
    life = Life(2)
    successor = life.successor()
    first = successor.register(NOW, life.seats[0], {}, life.known())
    second = successor.register(NOW + 0.5, life.seats[1], {}, life.known())
    assert (first.complete, second.complete) == (False, False)
    let_pass(successor, NOW + SETTLING)
    answer = successor.renew(NOW + SETTLING, life.seats[0].sitting, Heartbeat(known=second.version))
    assert answer.standing is Standing.MEMBER
    assert answer.table is not None
    assert answer.table.complete
    assert answer.table.version > second.version


def test_every_host_hears_that_the_table_has_become_complete() -> None:
    life = Life(3)
    successor = life.successor()
    for seat in life.seats[:2]:
        table = successor.register(NOW, seat, {}, life.known())
    for second in range(1, 8):
        for seat in life.seats[:2]:
            assert successor.renew(NOW + second, seat.sitting, Heartbeat(known=table.version)).table is None
    for seat in life.seats[:2]:
        news = successor.renew(NOW + REBUILDING, seat.sitting, Heartbeat(known=table.version)).table
        assert news is not None
        assert news.complete


def test_a_host_that_is_proved_dead_while_the_table_is_rebuilt_is_not_waited_for() -> None:
    life = Life(2)
    successor = life.successor()
    successor.register(NOW, life.seats[0], {}, life.known())
    successor.leave(NOW + 1.0, life.seats[1].sitting)
    let_pass(successor, NOW + SETTLING)
    assert successor.table(NOW + SETTLING).complete


def test_no_name_is_granted_or_denied_before_the_names_of_all_hosts_are_known() -> None:
    life = Life(2)
    life.directory.claim(NOW, "ada", 0, ada(0))
    successor = life.successor()
    with pytest.raises(Rebuilding):
        successor.claim(NOW, "ada", 1, ada(1))
    with pytest.raises(Rebuilding):
        successor.lookup(NOW, "ada")
    successor.register(NOW, life.seats[0], {"ada": ada(0)}, life.known())
    assert successor.lookup(NOW, "ada") == ada(0)
    assert successor.claim(NOW, "ada", 1, ada(1)) is False
    let_pass(successor, NOW + REBUILDING)
    assert successor.claim(NOW + REBUILDING, "bob", 1, ada(1)) is True


def test_a_name_is_held_by_one_and_free_again_when_its_holder_releases_it_or_its_host_leaves() -> None:
    life = Life(2)
    directory = life.directory
    assert directory.claim(NOW, "ada", 0, ada(0))
    assert directory.claim(NOW, "ada", 0, ada(0))
    assert not directory.claim(NOW, "ada", 1, ada(1))
    directory.release(NOW, "ada", ada(1))
    assert directory.lookup(NOW, "ada") == ada(0)
    directory.release(NOW, "ada", ada(0))
    assert directory.lookup(NOW, "ada") is None
    assert directory.claim(NOW, "ada", 1, ada(1))
    directory.leave(NOW, life.seats[1].sitting)
    assert directory.lookup(NOW, "ada") is None


def test_a_host_that_was_declared_dead_is_not_taken_back() -> None:
    life = Life(2)
    life.directory.leave(NOW, life.seats[1].sitting)
    table = life.directory.register(NOW, life.seats[1], {}, ())
    assert [seat.number for seat in table.seats] == [0]
    assert life.directory.renew(NOW, life.seats[1].sitting, Heartbeat()).standing is Standing.ENDED


def test_a_rebuilt_table_makes_no_living_host_look_lost_and_a_dead_one_is_lost_when_it_is_complete() -> None:
    async def main(town: Town) -> None:
        one, two, three = await town.settle(), await town.settle(), await town.settle()
        far, gone = await one.spawn(Keeper, seat=two.host.seat), await one.spawn(Keeper, seat=three.host.seat)
        everybody = town.directory.table(NOW)
        version = (everybody.version[0] + 1, 0)
        one.host.new_table(Table((*version[:1], 1), (one.seat,), complete=False))
        one.host.new_table(Table((*version[:1], 2), (one.seat, two.seat), complete=False))
        assert set(one.host.seats) == {0, 1, 2}
        far.tell(Note(1))
        await until(lambda: actor(two, far).seen == [1])
        three.crash()
        one.host.new_table(Table((*version[:1], 3), (one.seat, two.seat), complete=True))
        await until(lambda: len(one.host.root.children) == 1)
        assert set(one.host.seats) == {0, 1}
        gone.tell(Note(2))
        assert one.reasons() == ["unreachable"]
        far.tell(Note(3))
        await until(lambda: actor(two, far).seen == [1, 3])

    in_town(main)


def test_a_rebuilt_table_that_is_behind_takes_back_nothing_that_a_host_knows() -> None:
    async def main(town: Town) -> None:
        one, two, three = await town.settle(), await town.settle(), await town.settle()
        far = await one.spawn(Keeper, seat=two.host.seat)
        heir = await town.replace(two)
        await until(lambda: far.address.number in heir.host.cells)
        three.crash()
        town.condemn(three)
        known = one.host.table
        vacant = replace(two.seat, vacant=True, endpoints=())
        behind = Table((known.version[0] + 1, 1), (vacant, three.seat), complete=False)
        one.host.new_table(behind)
        assert one.host.seats == {seat.number: seat for seat in known.seats}
        assert [seat.number for seat in one.host.seating.taken] == [1, 0]
        assert not one.host.seating.is_over(*heir.seat.sitting)
        far.tell(Note(1))
        await until(lambda: actor(heir, far).seen == [1])

    in_town(main)


def test_a_placement_that_needs_a_new_host_cannot_be_had_without_waiting() -> None:
    class NoRoom:
        def must_make_room(self, placement: object) -> bool:
            return True

        async def make_room(self, placement: object) -> int:
            raise Unplaceable

    async def main(town: Town) -> None:
        one = await town.settle()
        one.host.placing.placer = NoRoom()
        from actors.placement import dedicated

        with pytest.raises(Unplaceable, match="await spawn"):
            one.host.placing.now(dedicated(num_cpus=1))

    in_town(main)


def test_the_names_of_a_kept_root_outlive_its_keeper_and_only_one_made_for_it_takes_the_seat():
    directory = Directory(generation=7, settings=Settings(seat_losses=0))
    keeper = seat_of(directory.sit(NOW, "keeper"), heirs=Heirs.KEEPER, host="keeper")
    directory.register(NOW, keeper, {}, ())
    assert directory.claim(NOW, "ada", 0, ada(3))
    table = directory.ended(NOW, "keeper")
    assert [seat.vacant for seat in table.seats] == [True]
    assert directory.lookup(NOW, "ada") == ada(3)
    assert directory.stand_by(NOW, Spare("anybody")) is None
    heir = directory.stand_by(NOW, Spare("next keeper", seat=0))
    assert heir is not None
    assert (heir.seat, heir.epoch > keeper.epoch) == (0, True)


def test_a_keeper_that_is_lost_by_its_silence_may_have_to_be_ended():
    life = Life(2)
    keeper = seat_of(life.directory.sit(NOW, "keeper"), heirs=Heirs.KEEPER, host="keeper")
    life.directory.register(NOW, keeper, {}, ())
    for seat in life.seats:
        life.directory.ended(NOW, f"host {seat.number}")
    let_pass(life.directory, NOW + REBUILDING - 1)
    assert not life.directory.keeper_is_silent
    let_pass(life.directory, NOW + REBUILDING + 1)
    assert life.directory.keeper_is_silent


def taken_over() -> tuple[Life, Sitting, Sitting]:
    """Two hosts, the first of which was lost and has an heir on its seat."""
    life = Life(2)
    lost = life.seats[0].sitting
    life.directory.verdict(NOW, lost)
    heir = life.directory.appoint(NOW, lost.seat, "heir")
    return life, lost, heir


def test_an_old_life_of_a_seat_has_ended_though_a_newer_one_lives_there() -> None:
    life, lost, heir = taken_over()
    life.directory.register(NOW, seat_of(heir), {}, ())
    assert life.directory.renew(NOW, lost, Heartbeat()).standing is Standing.ENDED
    assert life.directory.renew(NOW, heir, Heartbeat()).standing is Standing.MEMBER


def test_an_heir_that_dies_before_it_sits_down_is_not_taken_when_its_report_comes_late() -> None:
    life, _, heir = taken_over()
    life.directory.verdict(NOW, heir)
    table = life.directory.register(NOW, seat_of(heir), {}, ())
    assert heir not in {seat.sitting for seat in table.seats}
    assert life.directory.renew(NOW, heir, Heartbeat()).standing is Standing.ENDED


def test_nobody_is_given_the_seat_that_another_was_appointed_to() -> None:
    life, _, heir = taken_over()
    assert life.directory.stand_by(NOW, Spare("other", "node")) is None
    assert life.directory.stand_by(NOW, Spare("heir", "node")) == heir


def test_a_successor_knows_by_name_whose_process_has_ended() -> None:
    life = Life(1)
    directory = life.successor()
    seat = seat_of(life.seats[0].sitting, host="host 0")
    directory.register(NOW, seat, {}, life.known())
    directory.ended(NOW, "host 0")
    assert directory.renew(NOW, seat.sitting, Heartbeat()).standing is Standing.ENDED

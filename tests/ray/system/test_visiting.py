"""A system is looked at from outside by its hosts alone where its directory does not answer."""

import asyncio

from actors import Actor, TimedOut, call, near
from actors.backends.ray.hosts.host_actors import is_host_of, look_at_hosts, systems
from actors.backends.ray.visitor import Visit
from actors.operations.diagnosis import diagnose


class Idler(Actor):
    @call
    async def doze(self, gate: object) -> None:
        del gate
        await asyncio.Event().wait()


async def running(system, actor) -> tuple[str, ...]:
    """What it runs, if its host says so in time."""
    try:
        return (await system.operations.inspect(actor)).running
    except TimedOut:
        return ()


def test_the_hosts_say_how_they_are_without_the_directory(stage):
    async def main(system) -> None:
        one = await system.spawn(Idler)
        await system.options(placement=near(one)).spawn(Idler)
        one.tell(Idler.doze(None))
        while await running(system, one) != ("Idler.doze",):
            pass
        _, name = system.host.system.split("/")
        assert ("understudy", name) in await asyncio.to_thread(systems)
        visit = Visit("understudy", name, refused="It sleeps.")
        found = await diagnose(visit.system, visit, None)
        while not {1, 2, 3} <= {it.seat for it in found.hosts}:  # one that is late is not among them
            found = await diagnose(visit.system, visit, None)
        assert {
            "The directory does not answer: DirectoryUnavailable: It sleeps.",
            "Programs that opened the system were not asked, because that needs the directory.",
        } <= set(found.problems)
        seats = {it.seat: it for it in found.hosts}
        assert seats[one.address.seat].actors == 2
        assert all(it.lease is not None for it in found.hosts if it.seat is not None)
        [stack] = [it for name, it in seats[one.address.seat].stacks.items() if name.endswith(": Idler.doze")]
        assert "in doze" in stack

    stage.run(main)


def test_a_system_that_is_not_there_has_no_hosts(stage):
    async def main(system) -> None:
        assert await look_at_hosts("understudy", "nobody") == ([], [])

    stage.run(main)


def test_the_name_of_a_ray_actor_tells_what_it_is_and_of_which_system():
    assert is_host_of("a", "understudy:a:host:01234567")
    assert is_host_of("a:host:b", "understudy:a:host:b:host:01234567")
    assert is_host_of("a", "understudy:a:keeper")
    assert not is_host_of("a", "understudy:a:directory")
    assert not is_host_of("a", "understudy:b:host:01234567")
    assert not is_host_of("a", "a")

"""A host that starts removes from its own node what is left of systems of which nothing lives."""

import asyncio

from actors import dedicated
from actors.backends.ray.hosts.sockets import folder_of, remove_sockets, socket_folder
from tests.ray.system.cast import Worker
from tests.ray_stage import Stage


def test_a_host_that_starts_removes_the_sockets_of_a_system_that_was_killed_before(stage: Stage) -> None:
    """The program, which would have removed them, has joined the cluster before they were there."""

    async def main(system: Stage) -> None:
        (socket_folder("tests/killed") / "1.7.sock").touch()
        ours = folder_of(system.host.system)
        listening = set(ours.iterdir())
        assert listening
        try:
            await system.options(placement=dedicated()).spawn(Worker)
            async with asyncio.timeout(20):
                while folder_of("tests/killed").exists():  # noqa: ASYNC110 - a file tells nobody
                    await asyncio.sleep(0.01)
            assert listening < set(ours.iterdir())
        finally:
            remove_sockets("tests/killed")

    stage.run(main)

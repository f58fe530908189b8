"""A directory client calls the directory from any asyncio loop and waits out its restarts.

A call is sent again while the directory is away (Ray brings it back in 0.7 to 1.8 s), so its methods must bear being
run twice. No thread waits for an answer; only finding the directory by name, which asks Ray's control store, takes one.
"""

import asyncio
import contextlib
import os
import signal
from functools import partial
from typing import Any

from ray.exceptions import ActorDiedError, ActorUnavailableError, RayActorError, RayError, RayTaskError

from actors.backends.ray import calls
from actors.backends.ray.cluster.processes import is_alive
from actors.backends.ray.directory.control_store import ControlStore, newest_generation
from actors.backends.ray.directory.directory_actor import DirectoryPlan, Origin, Superseded
from actors.backends.ray.errors import DirectoryUnavailable
from actors.backends.ray.system_name import full_name

PAUSE = 0.05
"""Seconds between two attempts while the directory is away."""


CONTROL_STORE_ANSWERS = 1.0
"""Seconds within which Ray's control store answers whoever is not cut off; it takes less than a millisecond."""


class DirectoryClient:
    """Calls one system's directory. Bound to no loop; one client may serve several loops of a process."""

    def __init__(self, plan: DirectoryPlan, handle: Any = None) -> None:
        self._plan = plan
        self._handle = handle
        self.generation = 0
        self._origin: Origin | None = None

    async def call(self, method: str, *arguments: Any, timeout: float) -> Any:
        """The answer of the directory's `method(now, *arguments)`. `generation` is then that of the one who answered.

        Raises what the method raised; `DirectoryUnavailable` if there was no answer within `timeout` seconds, then the
        call may have run; or if there is no directory any more.
        """
        problem = silent = "it did not answer"
        now = asyncio.get_running_loop().time
        asked = now()
        try:
            async with asyncio.timeout(timeout):
                while True:
                    asked = now()
                    try:
                        handle = await self._found()
                        return await self._attempt(handle, method, arguments)
                    except ActorUnavailableError:
                        problem = "it is being restarted"
                    except (ActorDiedError, RayActorError):
                        self._handle = None
                        problem = "it has died"
                    except Superseded:
                        self._handle = None
                        problem = "only one has answered that another has taken over from"
                    except _NotFound:
                        problem = "there is none of that name"
                    await asyncio.sleep(PAUSE)
        except TimeoutError:
            if now() - asked > timeout / 2:  # else it answered a moment ago, if not as it should, and does not hang
                problem = silent
            raise DirectoryUnavailable(
                f"The directory of system {self._plan.system!r} could not be asked to {method} within {timeout:g} s: "
                f"{problem}.",
                hangs=problem == silent,
            ) from None

    def call_blocking(self, method: str, *arguments: Any, timeout: float) -> Any:
        """As `call`, for a thread, and tried once."""
        try:
            origin, result = calls.get((self._handle or self._find()).call.remote(method, arguments), timeout)
            if origin.generation < self.generation:
                raise Superseded  # noqa: TRY301 - one place says what could not be asked
        except (RayError, _NotFound, Superseded) as error:
            raise DirectoryUnavailable(f"The directory could not be asked to {method}: {error}") from error
        return result

    async def restart(self) -> None:
        """End the directory's process and let Ray start it anew, for one that does not answer. Many may ask for it.

        Where the process is on this node it is killed here: Ray needs 5 s to end one that is stopped. A directory that
        is newer than the one that did not answer this client is left alone: somebody else was quicker. So is any, where
        Ray's control store does not answer at once either: then it is this process that is cut off.
        """
        handle = await self._found()
        calls.apart(partial(self._end, handle))

    async def _attempt(self, handle: Any, method: str, arguments: tuple[Any, ...]) -> Any:
        answer = calls.future(handle.call.remote(method, arguments))
        try:
            origin, result = await asyncio.wrap_future(answer)
        except RayTaskError as error:
            if isinstance(error, (ActorUnavailableError, RayActorError)):
                raise
            raise error.cause from None
        if origin.generation < self.generation:
            raise Superseded
        self._origin, self.generation = origin, origin.generation
        return result

    async def _found(self) -> Any:
        if self._handle is None:
            self._handle = await asyncio.to_thread(self._find)
        return self._handle

    def _find(self) -> Any:
        try:
            return calls.find(self._plan.actor_name, self._plan.namespace)
        except ValueError as error:
            raise _NotFound from error

    def _end(self, handle: Any) -> None:
        origin = self._origin
        if origin is None:
            calls.kill(handle, restart=True)
        elif origin.node_id == calls.node_id():
            if is_alive(origin.life):
                os.kill(origin.life.pid, signal.SIGKILL)
        else:
            with contextlib.suppress(RayError):  # it is this process that is cut off
                store = ControlStore(full_name(self._plan.namespace, self._plan.system))
                if newest_generation(store, CONTROL_STORE_ANSWERS) <= origin.generation:
                    calls.kill(handle, restart=True)


class _NotFound(Exception):
    """Ray knows no actor of the directory's name, for now."""

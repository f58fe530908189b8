"""A host that loses a peer looks at the directory's table at once, and then ever more seldom, until there is news."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from actors.errors import UnderstudyError

if TYPE_CHECKING:
    from actors.host import Host

log = logging.getLogger("understudy.post")

LOOKS = (0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.5)
"""Pauses in seconds between the looks at the table after a peer has gone away; then renewals do. A process that is
killed closes its sockets some ms before its id is gone."""


class Lookout:
    """`look` gets the newest table for the host; where it cannot, it raises an error of this runtime."""

    def __init__(self, host: "Host", look: Callable[[], Awaitable[None]]) -> None:
        self._host = host
        self._look = look
        self._looking = False

    def alarm(self) -> None:
        """A peer has gone away, which may be its end; or another host says that there is news."""
        if not self._looking and not self._host.closed:
            self._looking = True
            self._host.work.start_system(self._look_for_news())

    async def _look_for_news(self) -> None:
        known = self._host.table.version
        try:
            for pause in LOOKS:
                await asyncio.sleep(pause)
                await self._look()
                if self._host.table.version > known:
                    break
        except UnderstudyError as error:
            log.warning("%s", error)
        finally:
            self._looking = False

"""The process of `thespian_peer`: a Thespian system with two actors in processes of their own."""

import asyncio
import socket
import sys
from datetime import timedelta
from time import perf_counter
from typing import Any

from thespian.actors import Actor, ActorSystem

from tests.benchmarks.processes import private_output, serve

PATIENCE = timedelta(seconds=60)


class Counter(Actor):
    """Counts; says how many when asked for the total, and answers a pair with its second part."""

    def __init__(self) -> None:
        self.count = 0

    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802 - Thespian's name
        """Thespian calls this."""
        if message == "total":
            self.send(sender, self.count)
        elif isinstance(message, tuple):
            self.send(sender, message[1])
        else:
            self.count += 1


class Driver(Actor):
    """Asks or tells another actor and reports the seconds. Actors cannot wait, so each answer leads to the next ask."""

    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802 - Thespian's name
        """Thespian calls this."""
        if isinstance(message, dict):
            self.job, self.asker, self.latencies = message, sender, []
            self.began = perf_counter()
            if message["verb"] == "tells":
                for number in range(message["count"]):
                    self.send(message["target"], number)
                self.send(message["target"], "total")
            else:
                self.send(message["target"], ("ask", 0))
            return
        now = perf_counter()
        if self.job["verb"] == "tells":
            self.send(self.asker, now - self.began)
            return
        self.latencies.append(now - self.began)
        if len(self.latencies) == self.job["count"]:
            self.send(self.asker, self.latencies)
        else:
            self.began = perf_counter()
            self.send(self.job["target"], ("ask", len(self.latencies)))


async def main(base: str) -> None:
    output = private_output()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        capabilities = {"Admin Port": free.getsockname()[1]} if base != "multiprocQueueBase" else {}
    system = ActorSystem(base, capabilities, logDefs={"version": 1}, transientUnique=True)
    try:
        # By the name of this file and not of `__main__`, so that Thespian's processes can import them.
        here = "tests.benchmarks.peers.thespian_process"
        driver, target = system.createActor(f"{here}.Driver"), system.createActor(f"{here}.Counter")

        async def job(verb: str, count: int) -> Any:
            return system.ask(driver, {"verb": verb, "target": target, "count": count}, PATIENCE)

        async def asks(count: int) -> Any:
            return await job("asks", count)

        async def tells(count: int) -> Any:
            return await job("tells", count)

        await serve({"asks": asks, "tells": tells}, output)
    finally:
        system.shutdown()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))

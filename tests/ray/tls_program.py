"""A driver on a cluster with TLS: an actor on each of two nodes, who talk; it says where their hosts listen.

Arguments: the cluster's address, and the two nodes' addresses. Ends when a line comes in.
"""

import asyncio
import json
import sys

from actors import Actor, Ref, Settings, System, call, on_node
from actors.links.endpoints import TcpEndpoint


class Echo(Actor):
    @call
    def echo(self, word: str) -> str:
        return word

    @call
    async def pass_on(self, to: "Ref[Echo]", word: str) -> str:
        return await to.ask(Echo.echo(word))


async def main(system: System) -> None:
    refs = [await system.options(placement=on_node(node)).spawn(Echo) for node in sys.argv[2:]]
    said = [await one.ask(Echo.pass_on(other, "there and back")) for one, other in (refs, reversed(refs))]
    endpoints = {endpoint for seat in system.host.table.seats for endpoint in seat.endpoints}
    ports = [(it.host, it.port) for it in endpoints if isinstance(it, TcpEndpoint)]
    print(json.dumps({"said": said, "ports": ports}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    address, head = sys.argv[1], sys.argv[2]
    System(on="ray", address=address, node_address=head, settings=Settings(hosts=2)).run(main)

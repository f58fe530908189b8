"""What spans are called and what they all say, per message class: few names, no ids, made once."""

from dataclasses import dataclass
from typing import Any

SYSTEM = "understudy"


@dataclass(frozen=True, slots=True)
class Names:
    """Names and attributes of the spans around one message class."""

    call: str
    """CLIENT and SERVER: `Payment/charge`."""
    send: str
    process: str
    tick: str
    asks: dict[str, Any]
    sends: dict[str, Any]
    processes: dict[str, Any]


def named(kind: type) -> Names:
    """The names for a message class. They are the same on both sides, wherever these live."""
    written = kind.__qualname__.rpartition("<locals>.")[2]
    method = written.replace(".", "/")
    messaging = {"messaging.system": SYSTEM, "messaging.destination.name": written}
    return Names(
        call=method,
        send=f"send {written}",
        process=f"process {written}",
        tick=f"tick {written}",
        # the old name as well, because Jaeger's timeline shows that one
        asks={"rpc.system": SYSTEM, "rpc.system.name": SYSTEM, "rpc.method": method},
        sends={**messaging, "messaging.operation.name": "send", "messaging.operation.type": "send"},
        processes={**messaging, "messaging.operation.name": "process", "messaging.operation.type": "process"},
    )

"""The name of a system on Ray, `namespace/name`, from which a ref finds its directory; and those of its Ray actors."""

import re

_PART = re.compile(r"understudy:(.+):(directory|keeper|host:[0-9a-f]{8})")


def full_name(namespace: str, name: str) -> str:
    """The name that addresses carry."""
    return f"{namespace}/{name}"


def namespace_and_name(system: str) -> tuple[str, str]:
    """The two parts again."""
    namespace, _, name = system.partition("/")
    return namespace, name


def directory_name(name: str) -> str:
    """The name of the Ray actor that is the system's directory."""
    return f"understudy:{name}:directory"


def keeper_name(name: str) -> str:
    """The name of the Ray actor that keeps a detached system."""
    return f"understudy:{name}:keeper"


def host_prefix(name: str) -> str:
    """How the names of the system's host processes begin, spares included; eight hexadecimal digits follow."""
    return f"understudy:{name}:host:"


def part_of(actor: str) -> tuple[str, str] | None:
    """The system that a Ray actor of this name is a part of, and which: directory, keeper or host; None for others."""
    found = _PART.fullmatch(actor)
    return (found[1], found[2].partition(":")[0]) if found is not None else None

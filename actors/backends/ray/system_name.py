"""A system on Ray is known by `namespace/name`, so that a ref alone tells where its directory is found."""


def full_name(namespace: str, name: str) -> str:
    """The name that addresses carry."""
    return f"{namespace}/{name}"


def keeper_name(name: str) -> str:
    """The name of the Ray actor that keeps a detached system."""
    return f"understudy:{name}:keeper"


def namespace_and_name(system: str) -> tuple[str, str]:
    """The two parts again."""
    namespace, _, name = system.partition("/")
    return namespace, name

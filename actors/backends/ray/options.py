"""What a program may say about its system on Ray."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from actors.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class RayOptions:
    """Options of `System(on="ray", ...)`.

    address: `host:port` of a cluster; None means what RAY_ADDRESS names, else an embedded Ray; "local" is always
    embedded. name: the system's name, by which it can be told from others on the cluster. node_address: this machine's
    address in the cluster, where it has several and Ray takes the wrong one. cluster: more, see ClusterSettings.
    How many host processes there are besides the driver is the setting `hosts`; no node gets two before all have one.
    namespace: that of Ray in which the system's Ray actors have their names. Systems of one name in two namespaces are
    two systems. It has no slash: SettingsError.

    detached: the system outlives this program, and every other one, until it is shut down; it needs a name, and a
    cluster that outlives the program too. attach: the name of a detached system that is to be joined.
    """

    address: str | None = None
    name: str | None = None
    namespace: str = "understudy"
    node_address: str | None = None
    cluster: Mapping[str, Any] = field(default_factory=dict[str, Any])
    detached: bool = False
    attach: str | None = None

    def __post_init__(self) -> None:
        if "/" in self.namespace:
            raise SettingsError(
                f"The namespace {self.namespace!r} has a slash, which stands between namespace and name in addresses. "
                "Choose one without."
            )

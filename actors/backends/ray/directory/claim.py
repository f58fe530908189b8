"""A system's name belongs to whoever made its directory; everybody else who wants it hears so."""

from actors.backends.ray.directory.directory_actor import DirectoryPlan
from actors.backends.ray.directory.directory_client import DirectoryClient
from actors.backends.ray.directory.open_directory import Admission
from actors.errors import SettingsError


async def check_own(plan: DirectoryPlan, secret: bytes, timeout: float) -> None:
    """Raise SettingsError if the directory is that of a system of the same name, which has another secret."""
    found: Admission = await DirectoryClient(plan).call("admission", timeout=timeout)
    if found.secret != secret:
        raise is_taken(plan.system, plan.namespace)


def is_taken(system: str, namespace: str) -> SettingsError:
    """The error for a name that another system has."""
    return SettingsError(
        f"A system named {system!r} is open on this cluster already (namespace {namespace!r}). Choose another name, or "
        f"none: then one is made up. If it is a detached one, join it: System(on='ray', attach={system!r})."
    )

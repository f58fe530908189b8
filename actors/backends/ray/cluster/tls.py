"""Links between nodes use TLS exactly when Ray does, with Ray's own certificates.

Ray reads them from the environment of each process: RAY_USE_TLS=1, and the paths of certificate, key and authority.
Both ends show a certificate of that authority. Host names are not compared: a node's certificate says that it belongs
to the cluster, and the system's secret, which the handshake proves next, that the process belongs to the system.
"""

import ssl
from collections.abc import Mapping

from actors.errors import SettingsError

USE = "RAY_USE_TLS"
CERTIFICATE = "RAY_TLS_SERVER_CERT"
KEY = "RAY_TLS_SERVER_KEY"
AUTHORITY = "RAY_TLS_CA_CERT"


def tls_of(environment: Mapping[str, str]) -> tuple[ssl.SSLContext, ssl.SSLContext] | None:
    """Contexts to dial with and to listen with; None where Ray does without TLS.

    Raises `SettingsError`, naming the variable, for what is missing or cannot be read.
    """
    if environment.get(USE, "0").lower() not in ("1", "true"):
        return None
    paths: dict[str, str] = {}
    for name in (CERTIFICATE, KEY, AUTHORITY):
        if not environment.get(name):
            raise SettingsError(f"{USE} is set, but {name} is not: set it to the path that Ray on this node uses.")
        paths[name] = environment[name]
    dialling, listening = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for context in (dialling, listening):
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED
        try:
            context.load_cert_chain(paths[CERTIFICATE], paths[KEY])
            context.load_verify_locations(paths[AUTHORITY])
        except OSError as error:  # an SSLError is one
            raise SettingsError(f"The files of {CERTIFICATE}, {KEY} and {AUTHORITY} cannot be used: {error}") from error
    return dialling, listening

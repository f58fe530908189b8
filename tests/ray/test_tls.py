"""Where Ray runs with TLS, links between nodes do as well, with Ray's certificates."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from actors.backends.ray.cluster.tls import tls_of
from actors.errors import SettingsError
from tests.ray.netns import PORT, Node, ray_environment, ray_nodes

ROOT = Path(__file__).parents[2]

PROBE = """
import socket, ssl, sys
host, port, certificate, key, authority = sys.argv[1:]
try:
    with socket.create_connection((host, int(port)), 10) as plain:
        plain.sendall(bytes(64))
        print("plain", plain.recv(1) in (b"", b"\\x15"))
except ConnectionResetError:
    print("plain", True)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.load_verify_locations(authority)
context.load_cert_chain(certificate, key)
with context.wrap_socket(socket.create_connection((host, int(port)), 10)) as guarded:
    print("guarded", guarded.version())
"""
"""In TLS the first byte of an answer to nonsense is that of an alert, if any comes."""


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def certificates(tmp_path: Path) -> dict[str, str]:
    """One authority, and one certificate for all nodes; as Ray reads them from the environment."""
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl(
        tmp_path, "req", "-x509", *curve, "-days", "2", "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem"
    )
    openssl(tmp_path, "req", *curve, "-subj", "/CN=node", "-keyout", "node.key", "-out", "node.csr")
    names = ",".join(
        ["DNS:localhost", "IP:127.0.0.1", *(f"IP:10.77.{third}.{n}" for third in range(256) for n in (1, 2))]
    )
    (tmp_path / "names").write_text(f"subjectAltName={names}\n")
    signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names"]
    openssl(tmp_path, "x509", "-req", "-in", "node.csr", *signed, "-out", "node.pem")
    return {
        "RAY_USE_TLS": "1",
        "RAY_TLS_SERVER_CERT": str(tmp_path / "node.pem"),
        "RAY_TLS_SERVER_KEY": str(tmp_path / "node.key"),
        "RAY_TLS_CA_CERT": str(tmp_path / "ca.pem"),
    }


def test_without_rays_tls_there_is_none(certificates: dict[str, str]) -> None:
    assert tls_of({}) is None
    assert tls_of(certificates | {"RAY_USE_TLS": "0"}) is None


def test_what_is_missing_for_tls_is_named(certificates: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="RAY_TLS_SERVER_KEY is not"):
        tls_of(certificates | {"RAY_TLS_SERVER_KEY": ""})
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(SettingsError, match="cannot be used"):
        tls_of(certificates)


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_on_a_cluster_with_tls_the_links_between_nodes_are_guarded(certificates: dict[str, str]) -> None:
    with ray_nodes(2, certificates) as (head, second):
        where = [f"{head.address}:{PORT}", head.address, second.address]
        program = subprocess.Popen(
            head.command(sys.executable, "-m", "tests.ray.tls_program", *where),
            cwd=ROOT,
            env=ray_environment() | certificates,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert program.stdout is not None
            line = program.stdout.readline()
            assert line, program.communicate()
            found = json.loads(line)
            assert found["said"] == ["there and back"] * 2
            assert {host for host, _ in found["ports"]} == {head.address, second.address}
            for host, port in found["ports"]:
                assert probed(head, host, port, certificates) == {"plain": "True", "guarded": "TLSv1.3"}
            program.communicate("end\n", timeout=30)
            assert program.returncode == 0
        finally:
            program.kill()
            program.communicate()


def probed(node: Node, host: str, port: int, certificates: dict[str, str]) -> dict[str, str]:
    """What a port answers to nonsense in the clear, and to a peer with a certificate."""
    files = [certificates[f"RAY_TLS_{name}"] for name in ("SERVER_CERT", "SERVER_KEY", "CA_CERT")]
    command = node.command(sys.executable, "-c", PROBE, host, str(port), *files)
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
    return dict(line.split() for line in output.splitlines())

"""Debian's nginx with the site of deploy/, in front of a server with the settings of production."""

import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import trustme

from models_app.domain.scopes import SCOPES
from tests.deploy.grafana import DEPLOY
from tests.deploy.programs import free_port, program
from tests.servers.servers import Server
from tests.servers.test_access import Tokens, bearer
from tests.servers.waiting import wait_until

NAME = "models.example.org"
SETTINGS = dict(
    line.split("=", 1)
    for line in (DEPLOY / "chantilly.env").read_text().splitlines()
    if line and not line.startswith("#")
)
SITE = (DEPLOY / "nginx/chantilly.conf").read_text()
MAIN = """
daemon off; master_process off; pid {folder}/pid; error_log stderr warn;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    include {folder}/site.conf;
}}
"""


def replaced(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


@dataclass(frozen=True)
class Proxied:
    """The production example, behind nginx."""

    server: Server
    port: int
    plain_port: int
    context: ssl.SSLContext
    headers: dict[str, str]

    def client(self, **headers: str) -> httpx.Client:
        return httpx.Client(
            base_url=f"https://localhost:{self.port}",
            verify=self.context,
            headers={"Host": NAME, **headers},
            trust_env=False,
            timeout=30,
        )


@contextmanager
def behind_nginx(server: Server, folder: Path) -> Iterator[Proxied]:
    """Have nginx listen, over TLS, in front of a server."""
    nginx = program("nginx")
    authority = trustme.CA()
    certificate = authority.issue_cert(NAME, "localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "pem")
    port, plain_port = free_port(), free_port()
    site = replaced(
        SITE,
        {
            "listen 443 ": f"listen 127.0.0.1:{port} ",
            "listen 80;": f"listen 127.0.0.1:{plain_port};",
            "127.0.0.1:5000": f"127.0.0.1:{server.port}",
            "/etc/nginx/tls/fullchain.pem": str(folder / "pem"),
            "/etc/nginx/tls/privkey.pem": str(folder / "pem"),
        },
    )
    (folder / "site.conf").write_text(site)
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
    command = [nginx, "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    assert "[warn]" not in tested.stderr
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    try:
        wait_until(lambda: listens(port))
        headers = bearer(Tokens(server, {})(*SCOPES))
        yield Proxied(server, port, plain_port, context, headers)
    finally:
        process.terminate()
        process.wait(30)


def listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0

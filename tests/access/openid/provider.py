"""A small OpenID provider, over real HTTP on loopback: whoever comes is whom the test has named."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID = "chantilly"
CLIENT_SECRET = "known to both"
KEY_ID = "key-1"
#: Makes an id token of its claims.
Sign = Callable[[dict[str, Any]], str]


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def signer(key: Any, *, algorithm: str = "RS256", key_id: str | None = KEY_ID) -> Sign:
    headers = {} if key_id is None else {"kid": key_id}
    return lambda claims: jwt.encode(claims, key, algorithm=algorithm, headers=headers)


@dataclass
class Provider:
    """What it says; a test may change anything of it."""

    port: int = 0
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "1"})
    key: rsa.RSAPrivateKey = field(default_factory=new_key)
    sign: Sign | None = None
    #: Taken over into the id token, in the place of what would be right; None: left out.
    claims: dict[str, Any] = field(default_factory=dict)
    #: The same of other answers, by path.
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: What goes back to the client in the place of a code.
    error: str | None = None
    has_failed: bool = False
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    #: The scopes that were asked for.
    scopes: list[str] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reset(self) -> None:
        """Be honest again."""
        self.person, self.claims, self.answers = {"sub": "1"}, {}, {}
        self.sign, self.error, self.has_failed = None, None, False

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/person",
        }

    def keys(self) -> dict[str, Any]:
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": KEY_ID, "alg": "RS256", "use": "sig"}]}

    def authorize(self, query: dict[str, str]) -> str:
        """Return where the client is sent to."""
        assert (query["client_id"], query["response_type"]) == (CLIENT_ID, "code")
        assert query["code_challenge_method"] == "S256"
        self.scopes = sorted(query["scope"].split())
        answer = {"state": query["state"]}
        if self.error is not None:
            answer["error"] = self.error
        else:
            answer["code"] = secrets.token_urlsafe()
            self.codes[answer["code"]] = query
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def token(self, form: dict[str, str]) -> dict[str, Any]:
        """Return the tokens for a code, once, to the client that has asked for it."""
        query = self.codes.pop(form["code"])
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == query["code_challenge"]
        assert (form["client_id"], form["client_secret"]) == (CLIENT_ID, CLIENT_SECRET)
        assert form["redirect_uri"] == query["redirect_uri"]
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": query["nonce"],
            **self.person, **self.claims,
        }  # fmt: skip
        sign = self.sign or signer(self.key)
        return {
            "access_token": "access", "token_type": "Bearer", "expires_in": 300,
            "id_token": sign({name: value for name, value in claims.items() if value is not None}),
        }  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        path, query = self._read(urlsplit(self.path).query)
        provider = self.provider
        if path == "/authorize":
            self.send_response(302)
            self.send_header("Location", provider.authorize(query))
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif path == "/.well-known/openid-configuration":
            self._answer(path, provider.configuration())
        elif path == "/keys":
            self._answer(path, provider.keys())
        elif path == "/person":
            assert self.headers["Authorization"] == "Bearer access"
            self._answer(path, provider.person)

    def do_POST(self) -> None:
        path, form = self._read(self.rfile.read(int(self.headers["Content-Length"])).decode())
        assert path == "/token"
        self._answer(path, self.provider.token(form))

    def _read(self, text: str) -> tuple[str, dict[str, str]]:
        return urlsplit(self.path).path, {name: values[0] for name, values in parse_qs(text).items()}

    def _answer(self, path: str, content: dict[str, Any]) -> None:
        content = {**content, **self.provider.answers.get(path, {})}
        body = json.dumps({name: value for name, value in content.items() if value is not None}).encode()
        self.send_response(500 if self.provider.has_failed else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def running() -> Iterator[Provider]:
    provider = Provider()
    handler = type("Handler", (_Handler,), {"provider": provider})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        provider.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()

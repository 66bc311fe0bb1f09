"""Pages of the admin that wait keep no other page waiting."""

import asyncio
import io
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.test import Client
from django.test.client import MULTIPART_CONTENT, encode_multipart
from django.urls import reverse

from models_app.models import ServedModel
from models_app.services.trials.client import helper
from tests.admin.pages import add_url, list_url
from tests.services.instances import Instance

SLEEPING_PICKLE = b"ctime\nsleep\n(I600\ntR."
TOKEN = "a" * 32


@dataclass
class Browser:
    """A browser whose requests go to the application as a server's would, any number at a time."""

    application: Any
    cookies: str

    async def get(self, path: str) -> tuple[int, str]:
        return await self._ask("GET", path, b"", "")

    async def post(self, path: str, **fields: Any) -> tuple[int, str]:
        body = encode_multipart("BoUnDaRyStRiNg", {**fields, "csrfmiddlewaretoken": TOKEN})
        return await self._ask("POST", path, body, MULTIPART_CONTENT)

    async def _ask(self, method: str, path: str, body: bytes, content_type: str) -> tuple[int, str]:
        headers = [(b"host", b"testserver"), (b"cookie", self.cookies.encode())]
        headers += [(b"content-type", content_type.encode()), (b"content-length", b"%d" % len(body))]
        scope = {
            "type": "http", "method": method, "path": path, "query_string": b"", "headers": headers,
            "scheme": "http", "server": ("testserver", 80), "client": ("127.0.0.1", 1),
        }  # fmt: skip
        sent: list[dict[str, Any]] = []
        coming = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Any:
            # Afterwards the client waits.
            return coming.pop() if coming else await asyncio.Event().wait()

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self.application(scope, receive, send)
        return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:]).decode()


@pytest.fixture
def browser(client: Client) -> Browser:
    cookies = {name: morsel.value for name, morsel in client.cookies.items()} | {"csrftoken": TOKEN}
    return Browser(ASGIHandler(), "; ".join(f"{name}={value}" for name, value in cookies.items()))


class TestUploadsOnTrial:
    def test_keep_no_other_page_waiting(self, instance: Instance, browser: Browser) -> None:
        instance.upload("model")
        paths = [reverse("admin:index"), list_url(ServedModel), add_url(ServedModel), "/", "/models/model/"]

        async def visit() -> list[tuple[int, str]]:
            files = [io.BytesIO(SLEEPING_PICKLE) for _ in range(3)]
            uploads = [asyncio.create_task(browser.post(add_url(ServedModel), file=file)) for file in files]
            for path in paths:
                assert (await browser.get(path))[0] == 200
            assert not any(upload.done() for upload in uploads)
            while any(not upload.done() for upload in uploads):
                helper.stop()
                await asyncio.sleep(0.1)
            return [await upload for upload in uploads]

        for status, page in asyncio.run(visit()):
            assert status == 200
            assert "The server is stopping" in page

"""Connections leave nothing behind once they are over."""

import asyncio
import gc
import weakref

import pytest

from tests.web.wires import Recorder, connect, settle

POST = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"


async def is_freed(*, is_short: bool) -> bool:
    protocol = connect(Recorder(is_short=is_short))
    protocol.data_received(POST)
    await settle()
    left = weakref.ref(protocol)
    protocol.connection_lost(None)
    await settle()
    del protocol
    return left() is None


@pytest.mark.parametrize("is_short", [True, False])
def test_is_freed_though_nobody_collects_garbage(*, is_short: bool) -> None:
    # A server collects seldom.
    gc.disable()
    try:
        assert asyncio.run(is_freed(is_short=is_short))
    finally:
        gc.enable()

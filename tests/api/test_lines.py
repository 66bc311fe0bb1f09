"""The lines of a body that comes in pieces."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from models_app.api.exchanges import Lines
from models_app.domain.errors import InvalidRequest
from models_app.wire.reading import Text


def groups(*pieces: bytes, breaks_off: bool = False) -> list[list[Text]]:
    """Return the groups in which the lines of these pieces come."""
    return asyncio.run(_groups(pieces, breaks_off))


async def _groups(pieces: Sequence[bytes], breaks_off: bool) -> list[list[Text]]:
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": piece, "more_body": True} for piece in pieces
    ]
    messages.append({"type": "http.disconnect"} if breaks_off else {"type": "http.request"})
    left = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(left)

    lines = Lines(receive)
    found = []
    while (group := await lines.next_group()) is not None:
        found.append(group)
    # The end stays the end, and asks the server for nothing more.
    assert await lines.next_group() is None
    return found


class TestLines:
    @pytest.mark.parametrize(
        ("pieces", "expected"),
        [
            ([], []),
            ([b""], []),
            ([b"a\n"], [[b"a"]]),
            ([b"a\nb\n"], [[b"a", b"b"]]),
            ([b"a\nb"], [[b"a"], [b"b"]]),
            ([b"a", b"b", b"", b"c\nd\ne", b"f\n"], [[b"abc", b"d"], [b"ef"]]),
            ([b"a", b"\n", b"\n", b"b"], [[b"a"], [b""], [b"b"]]),
            ([b"a\r\n"], [[b"a\r"]]),
            ([b"{\n", b"}"], [[b"{"], [b"}"]]),
        ],
        ids=repr,
    )
    def test_are_split_wherever_the_pieces_are(
        self, pieces: list[bytes], expected: list[list[bytes]]
    ) -> None:
        assert groups(*pieces) == expected

    def test_end_with_the_body_even_without_a_line_feed(self) -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"a\nb"}

        lines = Lines(receive)

        assert asyncio.run(lines.next_group()) == [b"a", b"b"]
        assert asyncio.run(lines.next_group()) is None

    def test_have_no_half_line_of_a_client_that_broke_off(self) -> None:
        assert groups(b"a\nb", breaks_off=True) == [[b"a"]]

    def test_may_be_as_long_as_a_body_and_no_longer(self, settings: Settings) -> None:
        settings.MAX_BODY_BYTES = 4

        found = groups(b"1234\n12345\n12", b"34\n12", b"34", b"5", b"6789", b"\nlast\n12345")

        texts = [line if isinstance(line, bytes) else None for group in found for line in group]
        assert texts == [b"1234", None, b"1234", None, b"last", None]
        refusals = [line for group in found for line in group if isinstance(line, InvalidRequest)]
        assert {str(refusal.message) for refusal in refusals} == {"A line must not exceed 4 bytes."}

    def test_ask_for_the_first_piece_before_it_is_needed(self) -> None:
        asked = 0

        async def receive() -> dict[str, Any]:
            nonlocal asked
            asked += 1
            return {"type": "http.request", "body": b"a\n", "more_body": asked < 2}

        async def run() -> list[list[Text] | None]:
            lines = Lines(receive)
            await lines.ask()
            assert asked == 1
            return [await lines.next_group() for _ in range(3)]

        assert asyncio.run(run()) == [[b"a"], [b"a"], None]

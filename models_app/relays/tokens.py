"""Tokens of servers and of their processes."""

import secrets

TOKEN_BYTES = 16


def draw_token() -> bytes:
    """Return a token that nobody else has."""
    return secrets.token_bytes(TOKEN_BYTES)

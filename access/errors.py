"""Refusals of who makes or revokes tokens."""

from models_app.domain.errors import ChantillyError


class TokenNotFound(ChantillyError):
    """No valid token has this name."""

    code = "token_not_found"

    def __init__(self, name: str) -> None:
        super().__init__(f"No valid token is called '{name}'.")


class InvalidToken(ChantillyError):
    """A token cannot be made so; the message names the fields."""

    code = "invalid_token"

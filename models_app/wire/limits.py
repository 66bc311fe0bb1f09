"""Limits of what one request may hold, beside those of a record in `domain.nesting` and `domain.names`."""

#: Of an array, and of a WebSocket's message.
MAX_RECORDS = 10_000

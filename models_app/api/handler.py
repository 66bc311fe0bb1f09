"""The handler that serves the API."""

from typing import Any

from models_app.api import queries
from web.handler import Handler


class ApiHandler(Handler):
    """Refuses parameters that a view does not declare."""

    def check_query(self, query: bytes, view: Any, method: str) -> None:
        """Raise `InvalidRequest` for what is not taken."""
        queries.check(query, queries.declared(view, method))

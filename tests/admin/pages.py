"""Pages of the admin by name."""

from typing import Any

from django.db.models import Model
from django.test import Client
from django.urls import reverse


def list_url(kind: type[Model]) -> str:
    return reverse(f"admin:models_app_{kind._meta.model_name}_changelist")


def add_url(kind: type[Model]) -> str:
    return reverse(f"admin:models_app_{kind._meta.model_name}_add")


def url(row: Model, page: str = "change") -> str:
    return reverse(f"admin:models_app_{row._meta.model_name}_{page}", args=[row.pk])


def html(client: Client, address: str) -> str:
    """Return a page that is answered with 200."""
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def act(client: Client, action: str, *rows: Model, **fields: str) -> Any:
    """Run an action of a list on some of its rows; return the answer, redirects followed."""
    body = {"action": action, "_selected_action": [str(row.pk) for row in rows], **fields}
    return client.post(list_url(type(rows[0])), body, follow=True)


def messages(response: Any) -> list[str]:
    """Return what the page says on top."""
    return [str(message) for message in response.context["messages"]]

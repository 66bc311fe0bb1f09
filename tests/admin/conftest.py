from collections.abc import Callable

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Permission
from django.test import Client

from tests.services.instances import Instance, instance

__all__ = ["instance"]


@pytest.fixture
def client(instance: Instance) -> Client:
    """A browser in which the superuser is logged in."""
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("ada", password="x"))
    return client


@pytest.fixture
def client_who_may(instance: Instance) -> Callable[..., Client]:
    """Return a browser of a user of the staff who has the permissions named and no others."""
    for app in apps.get_app_configs():
        create_permissions(app, verbosity=0)

    def log_in(*codenames: str) -> Client:
        user = get_user_model().objects.create_user("bob", password="x", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client()
        client.force_login(user)
        return client

    return log_in

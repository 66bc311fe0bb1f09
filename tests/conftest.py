"""The database of the tests' process."""

import pytest
from django.db import connection
from django.db.models.signals import post_migrate

PERMISSIONS = "django.contrib.auth.management.create_permissions"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what is about SQLite where the tests run on another database."""
    if connection.vendor != "sqlite":
        for item in items:
            if item.get_closest_marker("sqlite") is not None:
                item.add_marker(pytest.mark.skip(reason="about SQLite"))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """Leave out permissions, which Django would write anew after each test.

    That takes 40 ms, longer than most tests. Tests that are about permissions make them.
    """
    post_migrate.disconnect(dispatch_uid=PERMISSIONS)

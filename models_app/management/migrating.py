"""Is the database at the state that this code needs?"""

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor


def migrations_are_missing() -> bool:
    """Say whether migrations wait to be applied. Raises django.db.Error if the database cannot be read."""
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))

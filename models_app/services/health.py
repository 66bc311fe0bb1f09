"""Checks that the server can do its work."""

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from models_app.domain.errors import StorageUnavailable
from models_app.models.storage import get_storage
from models_app.models.transactions import translated_errors
from models_app.paradigms.registry import PROBLEMS
from models_app.services import processes, snapshot_objects, trying
from models_app.services.processes import SHARD
from models_app.services.runtime import engine_is_running, get_engine
from models_app.services.seeding import hash_seed_warning


def check_ready() -> list[str]:
    """Return if requests can be served: migrations applied, database writable, engine running.

    Returns warnings: what keeps no request from being served, and should be seen to all the same.
    Raises `StorageUnavailable` with what is missing.
    """
    with translated_errors():
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise StorageUnavailable("Migrations are not applied: run `manage.py migrate`.")
    get_storage().probe()
    get_engine()
    away = [process for process in processes.processes() if not process.is_up]
    if not engine_is_running():
        said = "; ".join(str(process) for process in away if process.state.role == SHARD)
        raise StorageUnavailable(
            f"Not all models are served: {said}." if said else "The engine does not run."
        )
    warning = hash_seed_warning()
    seeded = [] if warning is None else [warning]
    missing = [str(process) for process in away]
    return [*missing, *seeded, *trying.warnings(), *snapshot_objects.warnings(), *PROBLEMS]

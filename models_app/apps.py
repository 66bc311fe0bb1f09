"""The application of served models."""

from django.apps import AppConfig
from django.core import checks

from models_app.domain.recursion import set_recursion_limit


class ModelsAppConfig(AppConfig):
    """Served models, their journal and what waits for its ground truth."""

    name = "models_app"
    verbose_name = "Models"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Set the one recursion limit of all processes, register system checks and what housekeeping does."""
        set_recursion_limit()
        # The settings are not there before.
        from models_app.services import hooks, runtime
        from models_app.services.auditing import pruner
        from models_app.services.extending import check_paradigms
        from models_app.services.forgetting import watcher
        from models_app.services.overdue import overdue
        from models_app.services.relaying import check_redis
        from models_app.services.replica import watch as replica_watch
        from models_app.services.seeding import check_hash_seed
        from models_app.services.snapshot_objects import keeper as snapshot_keeper

        checks.register(check_hash_seed)
        checks.register(check_paradigms)
        checks.register(check_redis, deploy=True)
        hooks.duties.add(overdue.tick)
        hooks.duties.add(pruner.tick)
        hooks.housekeeping.add(snapshot_keeper.tick)
        hooks.housekeeping.add(replica_watch.tick)
        # What is forgotten from the first request on is noticed.
        hooks.startup.add(watcher.tick)
        hooks.housekeeping.add(watcher.tick)
        hooks.forgotten.add(runtime.forget_model)
        hooks.erasures.add(overdue.erase)

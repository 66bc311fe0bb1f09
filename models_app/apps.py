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
        """Set the one recursion limit of all processes, and register the system checks."""
        set_recursion_limit()
        # The settings are not there before.
        from models_app.services.extending import check_paradigms
        from models_app.services.seeding import check_hash_seed

        checks.register(check_hash_seed)
        checks.register(check_paradigms)

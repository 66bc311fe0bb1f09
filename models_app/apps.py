"""The application of served models."""

from django.apps import AppConfig
from django.core import checks


class ModelsAppConfig(AppConfig):
    """Served models, their journal and what waits for its ground truth."""

    name = "models_app"
    verbose_name = "Models"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks."""
        # The settings are not there before.
        from models_app.services.seeding import check_hash_seed

        checks.register(check_hash_seed)

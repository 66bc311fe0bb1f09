"""The application of served models."""

from django.apps import AppConfig


class ModelsAppConfig(AppConfig):
    """Served models, their journal and what waits for its ground truth."""

    name = "models_app"
    verbose_name = "Models"
    default_auto_field = "django.db.models.BigAutoField"

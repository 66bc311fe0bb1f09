"""The routes of the probes, at the root."""

from django.urls import path

from models_app.api.probes import HealthViewSet, ReadinessViewSet

urlpatterns = [
    path("healthz", HealthViewSet.as_view({"get": "retrieve"}), name="healthz"),
    path("readyz", ReadinessViewSet.as_view({"get": "retrieve"}), name="readyz"),
]

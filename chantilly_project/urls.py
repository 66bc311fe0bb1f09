"""Every route. `/api`, `/metrics`, `/healthz` and `/readyz` reach it through the API's own handler."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("api/", include("models_app.api.urls")),
    path("", include("models_app.api.probe_urls")),
    path("", include("monitoring.urls")),
    path("admin/", admin.site.urls),
]

"""Every route. `/api`, `/metrics`, `/healthz` and `/readyz` reach it through the API's own handler."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from models_app.api.needs import LOOK
from web import sites
from web.needs import needing

_docs = needing(LOOK)(
    sites.shown(lambda: settings.DOCS_SITE, missing="The documents are not built: `make docs` does that.")
)

urlpatterns = [
    path("api/", include("models_app.api.urls")),
    path("", include("models_app.api.probe_urls")),
    path("", include("monitoring.urls")),
    path("", include("access.urls")),
    path("admin/", admin.site.urls),
    path("docs/", _docs, {"path": ""}),
    path("docs/<path:path>", _docs),
]

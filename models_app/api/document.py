"""/api/schema: the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request

from models_app.domain.errors import InvalidRequest


# There is one language, and no other to choose.
@extend_schema_view(get=extend_schema(parameters=[OpenApiParameter("lang", exclude=True)]))
class DocumentView(SpectacularAPIView):
    """The OpenAPI document, as YAML or JSON."""

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[Any, str]:
        """Refuse a `format` that is empty, which would be taken for none."""
        if not force and request.query_params.get("format") == "":
            raise InvalidRequest({"format": ["must be 'yaml' or 'json'"]})
        negotiated: tuple[Any, str] = super().perform_content_negotiation(request, force)
        return negotiated

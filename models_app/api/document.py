"""/api/schema: the OpenAPI document."""

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from drf_spectacular.views import SpectacularAPIView


# There is one language, and no other to choose.
@extend_schema_view(get=extend_schema(parameters=[OpenApiParameter("lang", exclude=True)]))
class DocumentView(SpectacularAPIView):
    """The OpenAPI document, as YAML or JSON."""

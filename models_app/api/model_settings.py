"""/api/model/NAME/settings: what is chosen for one model."""

from rest_framework.request import Request
from rest_framework.response import Response

from models_app.api import describing, needs, request_bodies, schemas
from models_app.domain.errors import ModelNotFound
from models_app.services import showing
from models_app.services.showing import Shown
from models_app.wire import reading
from web.dispatch import ThreadedViewSet


class ModelSettingsViewSet(ThreadedViewSet):
    """What is chosen for one model, beside what it was uploaded with."""

    @describing.operation(
        need=needs.LOOK_AT_ONE,
        operation_id="get_model_settings",
        summary="Return what is chosen for a model",
        responses={200: schemas.MODEL_SETTINGS},
        refusals=[ModelNotFound],
    )
    def retrieve(self, request: Request, name: str) -> Response:
        """Return the choices, and what holds where there is none."""
        return _answer(showing.get_shown(name=name))

    @describing.operation(
        need=needs.MANAGE_ONE,
        operation_id="set_model_settings",
        summary="Choose for a model",
        description="`null` takes a choice back: the server's setting holds again.",
        request=request_bodies.MODEL_SETTINGS,
        responses={200: schemas.MODEL_SETTINGS},
        refusals=[ModelNotFound],
    )
    def update(self, request: Request, name: str) -> Response:
        """Choose, and return what holds now."""
        return _answer(showing.keep_features(name=name, way=reading.features_kept(request.body)))


def _answer(shown: Shown) -> Response:
    return Response({showing.FIELD: shown.way, "own": [showing.FIELD] if shown.is_own else []})

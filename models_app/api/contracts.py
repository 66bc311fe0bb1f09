"""/api/model/NAME/contract: the features that a model expects."""

from rest_framework.request import Request
from rest_framework.response import Response

from models_app.api import describing, needs, queries, request_bodies, schemas
from models_app.domain.errors import ModelNotFound
from models_app.services.contracts import changing, reading
from models_app.wire import reading as bodies
from web.dispatch import ThreadedViewSet

_NOT_FOUND = (ModelNotFound,)


class ContractViewSet(ThreadedViewSet):
    """The feature contract of a model."""

    @describing.operation(
        need=needs.LOOK_AT_ONE,
        operation_id="get_contract",
        summary="Return the feature contract of a model",
        description="As JSON Schema, with what was seen in its members `x-seen`. It can be uploaded again as "
        "it is.",
        responses={200: schemas.CONTRACT},
        refusals=_NOT_FOUND,
    )
    @queries.takes()
    def retrieve(self, request: Request, name: str) -> Response:
        """Return the contract."""
        return _answer(name)

    @describing.operation(
        need=needs.MANAGE_ONE,
        operation_id="set_contract",
        summary="Set the feature contract of a model",
        description="It is frozen then: what is seen changes nothing of it. Members that are not held to are "
        "refused.",
        request=request_bodies.CONTRACT,
        responses={200: schemas.CONTRACT},
        refusals=_NOT_FOUND,
    )
    @queries.takes()
    def update(self, request: Request, name: str) -> Response:
        """Set the contract to the schema in the body."""
        changing.set_contract(name=name, schema=bodies.json_schema(request.body))
        return _answer(name)

    @describing.operation(
        need=needs.MANAGE_ONE,
        operation_id="change_contract",
        summary="Freeze the feature contract of a model, or hold the model to it",
        description="What is left out stays as it is.",
        request=request_bodies.CHANGE_CONTRACT,
        responses={200: schemas.CONTRACT},
        refusals=_NOT_FOUND,
    )
    @queries.takes()
    def create(self, request: Request, name: str) -> Response:
        """Freeze what was seen, or follow it again; refuse what is not so, or take it."""
        asked = bodies.contract_change(request.body)
        changing.change_contract(name=name, is_frozen=asked.frozen, is_strict=asked.strict)
        return _answer(name)


def _answer(name: str) -> Response:
    return Response(reading.document(reading.get_contract(name=name)))

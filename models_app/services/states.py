"""States of served models as the engine knows them, from their rows."""

from models_app.domain.remarks import NOT_REPLAYABLE
from models_app.engine.ports import ModelState
from models_app.models import ServedModel
from models_app.models.transactions import translated_errors
from models_app.services import showing


def state_of(model: ServedModel) -> ModelState:
    """Return a row as the engine knows it."""
    return ModelState(
        model_id=model.pk,
        name=model.name,
        flavor=model.flavor,
        generation=model.generation,
        seq=model.seq,
        is_default=model.is_default,
        predict_method=model.predict_method,
        is_read_only=model.is_read_only,
        features_kept=model.features_kept,
        hides_features=not showing.shows_all(model.features_kept),
    )


def is_known_not_to_be_replayable(state: ModelState) -> bool:
    """Say whether the model was seen not to be led to by its journal; raises `StorageUnavailable`."""
    with translated_errors():
        remarks = ServedModel.objects.filter(pk=state.model_id).values_list("remarks", flat=True).first()
    return any(remark["code"] == NOT_REPLAYABLE["code"] for remark in remarks or ())

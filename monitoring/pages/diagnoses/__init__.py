"""Diagnoses on a model's page, beyond metrics: a module a kind, chosen by the paradigm."""

from models_app.paradigms.base import Paradigm
from monitoring.pages.diagnoses import arms, calibration, forecasts, levels, residuals
from monitoring.pages.diagnoses.base import Diagnosis

_DIAGNOSES: dict[str, Diagnosis] = {
    "residuals": residuals.RESIDUALS,
    "calibration": calibration.CALIBRATION,
    "levels": levels.LEVELS,
    "arms": arms.ARMS,
    "forecasts": forecasts.FORECASTS,
}


def diagnosis_of(paradigm: Paradigm) -> Diagnosis:
    """Return what fits the paradigm."""
    return _DIAGNOSES[paradigm.diagnosis]

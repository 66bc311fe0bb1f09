"""The end of a pass over records, and the withdrawal of what was sent after it."""

import math

from models_app.domain.errors import InvalidGroundTruth, InvalidRequest, ModelRaised
from models_app.engine.commands import Command, LearnAgain, LearnFeatures, Predict


def ends_pass(error: BaseException, *, skips_errors: bool) -> bool:
    """Say whether nothing after it may be done."""
    # A database that is locked is no line's fault; the next lines would leave a hole.
    return not (skips_errors and isinstance(error, InvalidRequest | InvalidGroundTruth | ModelRaised))


def withdraw(command: Command, *, keeps_predictions: bool) -> None:
    """Have nothing durable come of a command, unless the engine has begun with it."""
    if isinstance(command, LearnFeatures | LearnAgain):
        # No flavor takes it for a ground truth.
        command.ground_truth = math.nan
    elif isinstance(command, Predict) and not keeps_predictions:
        # Nobody will see it, so that nobody can learn it.
        command.prediction_id = None

"""Which models surely do not change when they predict."""


def predicts_without_change(model: object) -> bool:
    """Say whether the model is made of River's own parts only, whose predictions change nothing.

    Of any other object a prediction that raises may have changed something before it did.

    >>> from river import linear_model, preprocessing
    >>> predicts_without_change(preprocessing.StandardScaler() | linear_model.LinearRegression())
    True
    >>> predicts_without_change(object())
    False
    """
    if not type(model).__module__.startswith("river."):
        return False
    steps = getattr(model, "steps", None) or getattr(model, "transformers", None)
    if isinstance(steps, dict):
        return all(predicts_without_change(step) for step in steps.values())
    return True

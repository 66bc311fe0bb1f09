"""The classes that a specification names."""

from models_app.domain.specs.walking import Json


def class_names(spec: Json) -> list[str]:
    """Return the names of the classes in a specification, each once, in their order.

    >>> class_names({"pipeline": [{"class": "preprocessing.Normalizer"}, {"class": "linear_model.ALMA"}]})
    ['preprocessing.Normalizer', 'linear_model.ALMA']
    >>> class_names(None)
    []
    """
    found: dict[str, None] = {}
    waiting = [spec]
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, dict):
            if isinstance(value.get("class"), str):
                found[value["class"]] = None
            waiting[:0] = value.values()
        elif isinstance(value, list):
            waiting[:0] = value
    return list(found)

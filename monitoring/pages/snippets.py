"""Snippets of programs that call a model."""

import json
import shlex


def snippets(model: str, features: object, ground_truth: object) -> dict[str, str]:
    """Return values as Python, JSON and a shell write them, by their names in the template.

    >>> found = snippets("house", {"x": True}, True)
    >>> found["python_features"], found["json_learn"]
    ("{'x': True}", '{"id": 1, "ground_truth": true}')
    """
    predict = json.dumps({"model": model, "id": 1, "features": features}, ensure_ascii=False)
    learn = json.dumps({"id": 1, "ground_truth": ground_truth}, ensure_ascii=False)
    return {
        "python_name": repr(model),
        "python_features": repr(features),
        "python_truth": repr(ground_truth),
        "json_predict": predict,
        "json_learn": learn,
        "curl_predict": shlex.quote(predict),
        "curl_learn": shlex.quote(learn),
    }

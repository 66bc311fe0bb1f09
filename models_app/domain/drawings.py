"""Drawings of models: HTML as notebooks show it. It may be anything: a model says it of itself."""

import html
from typing import Any

from models_app.domain.texts import is_well_formed

#: Characters that the drawing of an upload may have.
MAX_LENGTH = 50_000


def drawn(model: Any) -> str:
    """Return a model as it draws itself, else what `repr` says, escaped; raises what its code raises.

    >>> drawn({"a": "<b>"})
    '<pre>{&#x27;a&#x27;: &#x27;&lt;b&gt;&#x27;}</pre>'
    """
    draw = getattr(model, "_repr_html_", None)
    return str(draw()) if callable(draw) else f"<pre>{html.escape(repr(model))}</pre>"


def drawn_if_it_can_be(model: Any) -> str:
    """Return the drawing of an upload; empty where it raises, or says too much."""
    try:
        return received(drawn(model))
    except BaseException:  # an upload's own code
        return ""


def received(sent: object) -> str:
    """Return what a trial has sent as a drawing; empty where that is none.

    >>> received("<p>a</p>"), received(None), received("a" * 60_000)
    ('<p>a</p>', '', '')
    """
    return sent if isinstance(sent, str) and len(sent) <= MAX_LENGTH and is_well_formed(sent) else ""

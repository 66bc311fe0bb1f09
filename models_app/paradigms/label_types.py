"""Types of labels: those of one model keep one.

`1` and `"1"` would be two labels to most classifiers, and `1` and `true` one: nobody means either.
"""

_IN_WORDS: dict[type[object], str] = {
    bool: "booleans",
    int: "whole numbers",
    float: "numbers with a decimal point",
    str: "strings",
}


def mixed(label: object, learned: type[object]) -> str:
    """Return why a label is none of a model that has learned labels of the type `learned`.

    The label itself is left out: it may be somebody's.

    >>> mixed("1", int)
    'must be of one type with the labels learned before: these are whole numbers, not strings'
    """
    came = _IN_WORDS.get(type(label), type(label).__name__)
    return (
        "must be of one type with the labels learned before: "
        f"these are {_IN_WORDS.get(learned, learned.__name__)}, not {came}"
    )

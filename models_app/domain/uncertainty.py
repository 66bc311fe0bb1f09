"""How uncertain probabilities are."""

import math

from models_app.domain.predictions import Probabilities, is_scorable

#: A prediction that is as uncertain as that is worth asking for; of two labels, where none has 75.7 %.
WORTH_ASKING = 0.8


def uncertainty(shares: Probabilities) -> float:
    """Return the entropy as a share of the highest that there can be: from 0, certain, to 1.

    As River's `active.EntropySampler` has it, labels without any probability do not count. A model that knows
    no label yet, or predicts what is no number, is as uncertain as can be.

    >>> uncertainty({True: 0.5, False: 0.5}), uncertainty({"a": 1.0, "b": 0.0}), uncertainty({})
    (1.0, 0.0, 1.0)
    >>> uncertainty({"a": 0.5, "b": 0.5, "c": 0.0}), round(uncertainty({True: 0.757, False: 0.243}), 3)
    (1.0, 0.8)
    """
    if not is_scorable(shares):
        return 1.0
    positive = [share for share in shares.values() if share is not None and share > 0]
    if len(positive) < 2:
        return 0.0 if positive else 1.0
    entropy = -sum(share * math.log2(share) for share in positive) / math.log2(len(positive))
    # Some of River's add up to more than 1, or to less.
    return min(max(entropy, 0.0), 1.0)


def is_worth_asking(shares: Probabilities) -> bool:
    """Say whether the ground truth of a prediction is worth asking for.

    >>> is_worth_asking({True: 0.7, False: 0.3}), is_worth_asking({True: 0.8, False: 0.2})
    (True, False)
    """
    return uncertainty(shares) >= WORTH_ASKING

"""The probability that one of several random numbers is the largest of them.

SciPy comes with River, whose own distributions are made of it.
"""

from collections.abc import Sequence

import numpy as np
from scipy import special  # type: ignore[import-untyped]  # it has no types of its own

# Gauss and Legendre's nodes lie closest at the ends, where the rare cases are decided.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(128)
_LEVELS = (_NODES + 1) / 2
_SHARES = _WEIGHTS / 2


def of_betas(shapes: Sequence[tuple[float, float]], index: int) -> float:
    r"""Return it for number `index` of independent ones with Beta distributions, `(alpha, beta)` each.

    $\int_0^1 \prod_{b \ne a} F_b(Q_a(u)) du$, by quadrature: an estimate, good to about three digits.

    >>> of_betas([(1, 1), (1, 1)], 0)
    0.5
    >>> round(of_betas([(2, 1), (1, 1)], 0), 6)
    0.666667
    """
    at = special.betaincinv(*shapes[index], _LEVELS)
    others = [special.betainc(*shape, at) for number, shape in enumerate(shapes) if number != index]
    return _integral(others)


def of_gaussians(moments: Sequence[tuple[float, float]], index: int) -> float:
    """Return the same for normal distributions, `(mean, standard deviation)` each, the latter above 0.

    >>> round(of_gaussians([(0.0, 1.0), (0.0, 3.0)], 1), 6)
    0.5
    """
    mean, deviation = moments[index]
    at = mean + deviation * special.ndtri(_LEVELS)
    others = [special.ndtr((at - m) / s) for number, (m, s) in enumerate(moments) if number != index]
    return _integral(others)


def _integral(others: "Sequence[np.ndarray[tuple[int], np.dtype[np.float64]]]") -> float:
    product = np.prod(others, axis=0) if others else np.ones_like(_SHARES)
    return min(1.0, float(_SHARES @ product))

"""Numbers as text, for sentences and tables."""

import math


def short(value: float) -> str:
    """Return a number to four digits that count; one that is very large or small with an exponent.

    >>> short(0.123456), short(-12345.678), short(0.5), short(0.0), short(1.5e-7), short(2e12)
    ('0.1235', '-12,346', '0.5', '0', '1.5e-07', '2e+12')
    """
    power = math.floor(math.log10(abs(value))) if value else 0
    if not -6 < power < 9:
        return f"{value:.4g}"
    text = f"{value:,.{max(0, 3 - power)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text

"""Rates of a token's own, as they are written down and as they hold."""

from collections.abc import Mapping, Sequence

from models_app.domain.scopes import SCOPES
from web.rates import Limit, limits, read_rate
from web.routes import route_of


def read(written: Sequence[str]) -> Mapping[str, Limit]:
    """Return the limits that are written so; raises ValueError, which says what is wrong."""
    rates = {}
    for text in written:
        try:
            what, rate = read_rate(text, SCOPES)
        except ValueError:
            raise ValueError(
                f"'{text}' is no rate; write N/PERIOD, SCOPE=N/PERIOD or /ADDRESS=N/PERIOD, "
                "such as 'predict=100/s'"
            ) from None
        if what in rates:
            raise ValueError(f"'{text}' is of what another rate is of")
        rates[what] = rate
    return limits(rates, by="the token's own rate", route_of=route_of)


def limits_of(written: Sequence[str]) -> Mapping[str, Limit]:
    """Return the limits of a token that there is: without those of addresses that there are not any more."""
    found: dict[str, Limit] = {}
    for text in written:
        try:
            found |= read([text])
        except ValueError:
            continue
    return found

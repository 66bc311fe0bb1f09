"""What it costs to ask who sends a request: `python -m benchmarks.access`.

In one process, without a server: the same lookups that the short way and the ordinary way make.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chantilly_project.settings")

import django

django.setup()

from access.knowledge import Knowledge  # noqa: E402
from access.registry import Registry, TokenRow  # noqa: E402
from access.sessions import Sessions  # noqa: E402
from access.tokens import digest_of  # noqa: E402
from models_app.api.needs import ASK, admit, who  # noqa: E402
from models_app.engine.commands import Predict  # noqa: E402
from web.access import Gate, current_principal  # noqa: E402
from web.rates import Address, Rate, Rates, current_meter, limits  # noqa: E402

N_TOKENS = 100
N_CALLS = 100_000
N_ROUNDS = 7
_HEADERS = [
    (b"host", b"localhost:5000"), (b"user-agent", b"python-requests/2.32"), (b"accept-encoding", b"gzip"),
    (b"accept", b"*/*"), (b"connection", b"keep-alive"), (b"authorization", b"Bearer chantilly_" + b"x" * 43),
    (b"content-type", b"application/json"), (b"content-length", b"60"),
]  # fmt: skip


def make_gate(patterns: list[str]) -> Gate:
    """Return a gate that knows some tokens."""
    secrets = [_HEADERS[5][1].removeprefix(b"Bearer "), *(b"%d" % n for n in range(1, N_TOKENS))]
    rows = [
        TokenRow(n, str(n), digest_of(secret).hex(), ["predict"], patterns, None)
        for n, secret in enumerate(secrets)
    ]
    registry = Registry(lambda: rows)
    registry.refresh()
    return Gate(Knowledge(registry, Sessions()), log_in="/login/", rates=Rates({}))


def microseconds(call: Callable[[], object]) -> float:
    """Return the time of a call: the best of some rounds, which others have disturbed the least."""
    best = float("inf")
    for _ in range(N_ROUNDS):
        started = time.perf_counter()
        for _ in range(N_CALLS):
            call()
        best = min(best, time.perf_counter() - started)
    return best / N_CALLS * 1e6


def lines() -> Iterator[str]:
    """Yield what was measured."""
    gate = make_gate([])
    scope = {"path": "/api/predict", "headers": _HEADERS}
    known = gate.short_way(scope, ASK, lambda _body, _reply: None, "/")
    assert known is not None
    nothing = microseconds(lambda: None)

    def step(call: Callable[[], object]) -> str:
        return f"{microseconds(call) - nothing:.2f} us"

    yield f"head that is read, short way:  {step(lambda: gate.short_way(scope, ASK, known, '/'))}"
    yield f"head that is known:            {step(lambda: known(b'', None))}"  # type: ignore[arg-type]

    async def ordinary() -> float:
        started = time.perf_counter()
        for _ in range(N_CALLS):
            await gate.admit(scope, ASK, {}, "/")
        return (time.perf_counter() - started) / N_CALLS * 1e6

    yield f"ordinary way:                  {min(asyncio.run(ordinary()) for _ in range(N_ROUNDS)):.2f} us"
    for name, patterns in (("all models", []), ("three patterns", ["a*", "b*", "house"])):
        principal = make_gate(patterns)._access.of_token(_HEADERS[5][1].removeprefix(b"Bearer "))
        current_principal.set(principal)
        command = Predict("house", b"{}", {}, None, 0.0)
        yield f"a record's scope, {name + ':':15}  {step(lambda command=command: admit(command, who()))}"
    yield f"a record's rate, one limit:    {rated({'predict': Rate(10**9, 1.0)}):.2f} us"
    three = dict.fromkeys(("", "predict", "/"), Rate(10**9, 1.0))
    yield f"a record's rate, three limits: {rated(three):.2f} us"


def rated(rates: dict[str, Rate]) -> float:
    """Return what a record costs that is counted, beside what it costs otherwise."""
    found = limits(rates, by="", route_of=lambda address: address)
    meter = Rates(found).meter(Address("10.0.0.7"), "/", {})
    command = Predict("house", b"{}", {}, None, 0.0)
    times = []
    for counting in (None, meter):
        current_meter.set(counting)
        times.append(microseconds(lambda: admit(command, None)))
    return times[1] - times[0]


if __name__ == "__main__":
    for line in lines():
        print(line)

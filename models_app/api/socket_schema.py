"""The WebSockets in the OpenAPI document, as the extension `x-websocket`, by path.

`send` are the messages of a client, `receive` those of the server; `closes` says why the server closes, by
code; `refusals` are the codes in `Error-Code` of handshakes that are refused, by status.
"""

from typing import Any

from models_app.api import request_bodies, schemas
from models_app.wire.limits import MAX_RECORDS

SOCKETS: dict[str, Any] = {
    "/ws/stream": {
        "summary": "Predict and learn, many records on one connection",
        "description": "A message is one record or a list of them, and is answered with one message of the "
        "same kind, in order. Texts and binary messages mean the same; answers are texts.",
        "send": {
            "schema": schemas.one_or_many(schemas.RECORD),
            "examples": {name: {"value": value} for name, value in request_bodies.MESSAGES.items()},
        },
        "receive": {"schema": schemas.one_or_many(schemas.RECORD_ANSWER)},
        "closes": {
            "1001": "The server stops; what was submitted is answered.",
            "1009": f"A message is too long, or has more than {MAX_RECORDS:,} records.",
        },
        "refusals": {
            "400": ["bad_handshake", "bad_request", "invalid_request"],
            "401": ["unauthenticated"],
            "403": ["cross_site_request", "forbidden", "host_not_allowed"],
            "426": ["bad_handshake"],
            "429": ["rate_limited"],
            "431": ["headers_too_large"],
            "503": ["server_stopping", "too_many_streams"],
        },
    }
}

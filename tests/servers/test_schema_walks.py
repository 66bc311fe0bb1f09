"""Whatever is sent to the routes of the schema: the server does not fail, and answers as it says there."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from models_app.domain.scopes import MANAGE, PREDICT, READ, SCOPES
from tests.servers.documents import Document
from tests.servers.schema_walks import Caller, try_event_streams, walk
from tests.servers.servers import Server
from tests.servers.test_access import Tokens, bearer

ALL = ("examples", "coverage", "fuzzing", "stateful")
# Requests made up of each operation, and sequences of them.
N = 5
N_LONG = 150


@pytest.fixture(scope="module")
def asking(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that asks who is there."""
    server = Server(template, tmp_path_factory.mktemp("asking"), AUTH_REQUIRED="1")
    server.start()
    yield server
    server.close()
    assert server.complaints == []


@pytest.fixture(scope="module")
def tokens(asking: Server) -> Tokens:
    return Tokens(asking, {})


@pytest.fixture(scope="module")
def document(common: Server) -> dict[str, Any]:
    with common.client() as client:
        return Document(client).content


class TestWalk:
    def test_where_nobody_is_asked_finds_nothing(self, server: Server, document: dict[str, Any]) -> None:
        walked = walk(document, server.port, n=N, phases=ALL)

        assert not walked.faults, "\n\n".join(walked.faults[:5])
        assert {200, 201, 400} <= walked.statuses("POST /api/predict")
        assert 200 in walked.statuses("POST /api/stream")
        assert {204, 404} <= walked.statuses("DELETE /api/model/{name}")

    def test_of_who_may_do_everything_finds_nothing(
        self, asking: Server, tokens: Tokens, document: dict[str, Any]
    ) -> None:
        caller = Caller(SCOPES, bearer(tokens(*SCOPES)))

        walked = walk(document, asking.port, n=N, phases=ALL, caller=caller)

        assert not walked.faults, "\n\n".join(walked.faults[:5])
        assert {201, 400} <= walked.statuses("POST /api/model/{name}")
        # Without the token, for a look.
        assert 401 in walked.statuses("POST /api/learn")

    @pytest.mark.parametrize("scope", [PREDICT, READ, MANAGE])
    def test_of_who_has_one_scope_gets_there_and_no_further(
        self, asking: Server, tokens: Tokens, document: dict[str, Any], scope: str
    ) -> None:
        caller = Caller([scope], bearer(tokens(scope)))

        walked = walk(document, asking.port, n=2, phases=("examples", "fuzzing"), caller=caller)

        assert not walked.faults, "\n\n".join(walked.faults[:5])
        refused = {label for label, status in walked.answers if status == 403}
        assert len(refused) > 5

    def test_of_who_is_unknown_gets_nowhere(self, asking: Server, document: dict[str, Any]) -> None:
        walked = walk(document, asking.port, n=3, phases=("examples", "fuzzing"), caller=Caller(None))

        assert not walked.faults, "\n\n".join(walked.faults[:5])
        reached = {label for label, status in walked.answers if status < 300}
        assert reached == {"GET /healthz", "GET /readyz"}

    @pytest.mark.parametrize("what", ["status", "body", "header"])
    def test_finds_what_is_not_as_described(
        self, server: Server, document: dict[str, Any], what: str
    ) -> None:
        other = deepcopy(document)
        operation = other["paths"]["/api/models"]["get"]
        other["paths"] = {"/api/models": {"get": operation}}
        if what == "status":
            operation["responses"] = {"201": operation["responses"]["200"]}
        elif what == "body":
            operation["responses"]["200"]["content"]["application/json"]["schema"] = {"type": "string"}
        else:
            operation["responses"]["200"]["headers"] = {"Model": {"required": True, "schema": {}}}

        assert walk(other, server.port, n=1, phases=("fuzzing",)).faults != []


class TestEventStreams:
    def test_begin_or_say_why_not(self, server: Server, document: dict[str, Any]) -> None:
        answers = try_event_streams(document, server.port, n=15)

        assert len({label for label, status in answers if status == 200}) == 3
        assert {status for _, status in answers} <= {200, 400, 503}


@pytest.mark.soak
@pytest.mark.timeout(1800)
class TestLongWalk:
    @pytest.mark.parametrize("seed", range(3))
    def test_where_nobody_is_asked_finds_nothing(
        self, server: Server, document: dict[str, Any], seed: int
    ) -> None:
        assert walk(document, server.port, n=N_LONG, phases=ALL, seed=seed).faults == []

    @pytest.mark.parametrize("seed", range(3))
    def test_of_who_may_do_everything_finds_nothing(
        self, asking: Server, tokens: Tokens, document: dict[str, Any], seed: int
    ) -> None:
        caller = Caller(SCOPES, bearer(tokens(*SCOPES)))

        assert walk(document, asking.port, n=N_LONG, phases=ALL, caller=caller, seed=seed).faults == []

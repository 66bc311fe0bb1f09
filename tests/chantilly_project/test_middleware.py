import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, RequestFactory

from chantilly_project.middleware import PassingErrors
from models_app.domain.errors import ServerStopping, StorageUnavailable


class TestPassingErrors:
    @pytest.mark.parametrize(
        ("error", "reason"),
        [
            (OperationalError("database is locked"), "The database cannot be used now: database is locked."),
            (StorageUnavailable("The database is busy."), "The database is busy."),
            (ServerStopping(), "The server is stopping."),
        ],
    )
    def test_shows_a_page_that_says_to_come_back(self, error: Exception, reason: str) -> None:
        middleware = PassingErrors(lambda request: HttpResponse())

        response = middleware.process_exception(RequestFactory().get("/"), error)

        assert response is not None
        assert (response.status_code, response["Retry-After"]) == (503, "1")
        assert f"<p>{reason}</p>" in response.content.decode()

    def test_leaves_other_errors_to_django(self, rf: RequestFactory) -> None:
        middleware = PassingErrors(lambda request: HttpResponse())

        assert middleware.process_exception(rf.get("/"), ValueError("a fault")) is None


class TestErrorPages:
    def test_name_the_model_that_is_not_there(self, client: Client, db: None) -> None:
        response = client.get("/models/<b>nobody/")

        assert response.status_code == 404
        assert "No model named &#x27;&lt;b&gt;nobody&#x27;." in response.content.decode()
        assert "default-src 'self'" in response["Content-Security-Policy"]

    def test_say_where_nothing_is(self, client: Client, db: None) -> None:
        response = client.get("/nowhere/")

        assert response.status_code == 404
        assert "There is nothing at this address." in response.content.decode()

    def test_ask_the_database_for_nothing(self, client: Client) -> None:
        client.raise_request_exception = False

        # Without the fixture that allows the database: each query is an error.
        response = client.get("/compare/")

        assert response.status_code == 500
        assert "The server's log says why." in response.content.decode()

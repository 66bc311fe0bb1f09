"""What stands after the question mark of an address."""

from datetime import UTC, datetime

import pytest
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from models_app.api import queries
from models_app.domain.errors import InvalidRequest


def request(**parameters: str) -> Request:
    return Request(APIRequestFactory().get("/", parameters))


class TestOnly:
    def test_takes_what_is_known(self) -> None:
        queries.only(request())
        queries.only(request(model="m"), "model", "rolling")

    def test_refuses_all_else_by_name(self) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            queries.only(request(modle="m", model="m", x="1"), "model")

        assert refusal.value.message == {"modle": ["unknown parameter"], "x": ["unknown parameter"]}


class TestMoment:
    @pytest.mark.parametrize(
        ("text", "moment"),
        [
            ("0", datetime(1970, 1, 1, tzinfo=UTC)),
            ("1.5", datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)),
            ("2025-01-31T12:00:00", datetime(2025, 1, 31, 12, tzinfo=UTC)),
            ("2025-01-31T12:00:00+02:00", datetime(2025, 1, 31, 10, tzinfo=UTC)),
            ("2025-01-31T12:00:00 02:00", datetime(2025, 1, 31, 10, tzinfo=UTC)),
            ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ],
    )
    def test_is_in_utc(self, text: str, moment: datetime) -> None:
        found = queries.moment(request(since=text), "since")

        assert found is not None
        assert (found, found.utcoffset()) == (moment, moment.utcoffset())

    def test_is_none_where_none_is_given(self) -> None:
        assert queries.moment(request(), "since") is None

    @pytest.mark.parametrize(
        "text",
        [
            "0001-01-01T00:00:00+23:00",
            "9999-12-31T23:59:59-23:00",
            "2025-02-30T00:00:00",
            "yesterday",
            "nan",
            "inf",
            "1e300",
            "",
        ],
    )
    def test_refuses_what_is_no_time_in_utc(self, text: str) -> None:
        with pytest.raises(InvalidRequest, match="since"):
            queries.moment(request(since=text), "since")

import sys
from collections.abc import Mapping

import pytest

from web import tracing

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}


class TestIsWanted:
    @pytest.mark.parametrize(
        ("environ", "wanted"),
        [
            ({}, False),
            ({"OTEL_SERVICE_NAME": "x"}, False),
            (ENDPOINT, True),
            ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9/v1/traces"}, True),
            ({"OTEL_TRACES_EXPORTER": "console"}, True),
            ({**ENDPOINT, "OTEL_TRACES_EXPORTER": ""}, True),
            ({**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}, False),
            ({**ENDPOINT, "OTEL_SDK_DISABLED": "True"}, False),
            ({**ENDPOINT, "OTEL_SDK_DISABLED": "false"}, True),
        ],
    )
    def test_goes_by_the_usual_variables(self, environ: Mapping[str, str], wanted: bool) -> None:
        assert tracing.is_wanted(environ) is wanted


class TestStart:
    def test_says_that_the_packages_are_missing(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        # What an import does where there is no such package.
        monkeypatch.setitem(sys.modules, "opentelemetry", None)
        monkeypatch.delitem(sys.modules, "web.spans", raising=False)
        monkeypatch.delattr("web.spans", raising=False)

        assert tracing.start(ENDPOINT) is None
        assert "requirements-otel.txt" in caplog.text

import pickle
from typing import Any

import pytest
from river import linear_model

from models_app.domain.errors import ModelNotAllowed, ModelNotSuitable
from models_app.domain.uploads import Taken
from models_app.paradigms.trials import TrialResult
from models_app.services import trying
from tests.services.trials.evil import Unpickled

MODEL = pickle.dumps(linear_model.LinearRegression())


class TestTaken:
    @pytest.mark.parametrize(
        ("setting", "host", "taken"),
        [
            ("", "127.0.0.1", Taken.ANY),
            ("", "::1", Taken.ANY),
            ("", "localhost", Taken.ANY),
            ("", "0.0.0.0", Taken.RIVER),
            ("", "::", Taken.RIVER),
            ("", "192.0.2.1", Taken.RIVER),
            ("", "models.example.org", Taken.RIVER),
            ("any", "0.0.0.0", Taken.ANY),
            ("river", "127.0.0.1", Taken.RIVER),
            ("spec", "127.0.0.1", Taken.SPEC),
        ],
    )
    def test_depends_on_the_setting_then_on_who_reaches_the_server(
        self, settings: Any, setting: str, host: str, taken: Taken
    ) -> None:
        settings.MODEL_UPLOADS, settings.HOST = setting, host

        assert trying.taken() is taken

    def test_is_warned_of_where_others_may_run_code(self, settings: Any) -> None:
        settings.MODEL_UPLOADS, settings.HOST = "any", "0.0.0.0"

        assert "MODEL_UPLOADS=any, and the server listens on 0.0.0.0" in " ".join(trying.warnings())

    @pytest.mark.parametrize(("setting", "host"), [("any", "127.0.0.1"), ("", "0.0.0.0"), ("", "127.0.0.1")])
    def test_is_not_warned_of_elsewhere(self, settings: Any, setting: str, host: str) -> None:
        settings.MODEL_UPLOADS, settings.HOST = setting, host

        assert trying.warnings() == []


class TestTryUpload:
    def test_takes_rivers_objects_alone_where_that_is_set(self, settings: Any) -> None:
        settings.MODEL_UPLOADS = "river"

        assert trying.try_upload(MODEL, "regression") == TrialResult()
        with pytest.raises(ModelNotAllowed) as refused:
            trying.try_upload(pickle.dumps(Unpickled("1 / 0")), "regression")

        assert refused.value.message == (
            "'tests.services.trials.evil.run' is not allowed: MODEL_UPLOADS=river takes River's own objects."
        )

    def test_takes_no_pickle_where_specifications_are_asked_for(self, settings: Any) -> None:
        settings.MODEL_UPLOADS = "spec"

        with pytest.raises(ModelNotAllowed, match="takes specifications alone"):
            trying.try_upload(MODEL, "regression")

    def test_takes_any_pickle_where_that_is_set(self, settings: Any) -> None:
        settings.MODEL_UPLOADS = "any"

        with pytest.raises(ModelNotSuitable):
            trying.try_upload(pickle.dumps(Unpickled("result = 42")), "regression")

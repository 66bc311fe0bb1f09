"""Taking snapshots of what can and what cannot be pickled."""

import pytest
from river import compose, linear_model, preprocessing, tree

from models_app.domain.errors import StorageUnavailable
from models_app.engine import snapshots
from models_app.engine.commands import Inspect, TakeSnapshot
from models_app.engine.hot import HotModel
from models_app.engine.snapshots import SnapshotPolicy
from tests.engine.conftest import MakeEngine, Upload, learn, predict, submit_all
from tests.engine.models import Tagging, Unpicklable
from tests.storages import OurStorage


class TestModelsThatCannotBePickled:
    def test_are_logged_once_with_the_seq_of_the_next_replay(
        self,
        make_engine: MakeEngine,
        upload: Upload,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(snapshots, "_MAX_REPORTED", 0)
        engine = make_engine(snapshots=SnapshotPolicy(cost_ratio=0.0, min_seconds=0.0))
        upload(Unpicklable())

        for number in range(5):
            engine.call(learn("model", {"a": float(number)}, 1.0), seconds=20.0)
        engine.stop(seconds=5.0)

        logged = [record for record in caplog.records if "cannot be pickled at" in record.getMessage()]
        assert len(logged) == 1
        assert logged[0].getMessage().endswith("a restart replays its journal from seq 0")
        assert logged[0].exc_info


class TestDeepModels:
    def test_have_snapshots(self, make_engine: MakeEngine, upload: Upload) -> None:
        upload(tree.HoeffdingTreeRegressor())
        engine = make_engine()
        submit_all(engine, [learn("model", {"t": float(i)}, float(i % 2)) for i in range(1_500)])

        engine.call(TakeSnapshot("model"), seconds=60)

        assert engine.call(Inspect("model"), seconds=60).snapshot_seq == 1_500
        asked = predict("model", {"t": 700.0})
        again = predict("model", {"t": 700.0})
        assert make_engine().call(asked, seconds=60)[1] == engine.call(again, seconds=60)[1]


class TestSets:
    def test_are_walked_after_loading_as_they_were(self, make_engine: MakeEngine, upload: Upload) -> None:
        names = [f"feature {number}" for number in range(18)]
        for number in range(8):
            chosen = compose.Select(*(f"{name} {number}" for name in names))
            model = chosen | preprocessing.StandardScaler() | linear_model.LinearRegression()
            upload(model, f"model {number}")
        xs = [{f"{name} {number}": 1 / (7 + i) for i, name in enumerate(names)} for number in range(8)]
        engine = make_engine()
        for number in range(8):
            engine.call(learn(f"model {number}", xs[number], 3.0), seconds=60)
            engine.call(TakeSnapshot(f"model {number}"), seconds=60)

        other = make_engine()

        for number in range(8):
            x = {name: value * 1.7 for name, value in xs[number].items()}
            one = engine.call(predict(f"model {number}", x), seconds=60)
            assert other.call(predict(f"model {number}", x), seconds=60)[1] == one[1]

    def test_of_other_classes_are_walked_so_as_well_and_go_on_so(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        upload(Tagging())
        engine = make_engine()
        for number in range(12):
            engine.call(learn("model", {f"feature {number}": 1.0}, float(number)), seconds=60)
            engine.call(TakeSnapshot("model"), seconds=60)
            there = make_engine().call(predict("model", {}), seconds=60)

            assert there == engine.call(predict("model", {}), seconds=60)

        assert engine.call(Inspect("model"), seconds=60).is_replayable

    def test_are_made_anew_only_once_the_snapshot_is_kept(
        self, storage: OurStorage, upload: Upload, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        state = storage.find_state(upload(compose.Select("a") | linear_model.LinearRegression()))
        assert state is not None
        hot = HotModel(state, next(iter(storage.snapshots(state))))
        # No order of insertion gives this walk: those who left have made its table larger.
        kept = hot.model["Select"].keys = set(range(64))
        kept -= set(range(64)) - {15, 18, 30, 41}
        walked = list(kept)
        hot.seq += 1

        hot.snapshot()
        with monkeypatch.context() as refusing:
            refusing.setattr(OurStorage, "save_snapshot", _refuse)
            with pytest.raises(StorageUnavailable):
                snapshots.take_snapshot(storage, state, hot)

        assert list(kept) == walked
        snapshots.take_snapshot(storage, state, hot)
        loaded = HotModel(state, next(iter(storage.snapshots(state)))).model["Select"].keys
        assert list(kept) == list(loaded) != walked


def _refuse(*_: object) -> None:
    raise StorageUnavailable("the disk is full")

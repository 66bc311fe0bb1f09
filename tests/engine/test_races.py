from collections.abc import Callable, Iterator

import pytest

from models_app.domain.errors import ModelNotFound, ModelNotLoadable
from models_app.engine.commands import Inspect
from models_app.engine.ports import ModelState, SnapshotData
from models_app.models import Snapshot
from models_app.services.uploading import delete_model
from tests.engine.conftest import MakeEngine, Upload, learn
from tests.engine.models import Counting
from tests.storages import OurStorage


class Interrupted(OurStorage):
    """Something happens once, between the look at a model's row and the reading of its snapshots."""

    def __init__(self, happens: Callable[[], object]) -> None:
        self._happens: Callable[[], object] | None = happens

    def snapshots(self, state: ModelState) -> Iterator[SnapshotData]:
        happens, self._happens = self._happens, None
        if happens is not None:
            happens()
        return super().snapshots(state)


class TestModelThatIsBeingLoaded:
    def test_may_be_replaced(self, make_engine: MakeEngine, upload: Upload) -> None:
        upload(Counting())
        engine = make_engine(through=Interrupted(lambda: upload(Counting())))

        assert engine.call(learn("model", {}, 1.0)) == 1

    def test_may_be_deleted(self, make_engine: MakeEngine, upload: Upload) -> None:
        upload(Counting())
        engine = make_engine(through=Interrupted(lambda: delete_model(name="model")))

        with pytest.raises(ModelNotFound):
            engine.call(learn("model", {}, 1.0))

    def test_may_not_lose_its_snapshots(self, make_engine: MakeEngine, upload: Upload) -> None:
        upload(Counting())
        engine = make_engine(through=Interrupted(lambda: Snapshot.objects.all().delete()))

        with pytest.raises(ModelNotLoadable):
            engine.call(Inspect("model"))

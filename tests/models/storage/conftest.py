import pickle

import pytest
from django.utils import timezone

from models_app.engine.ports import ModelState
from models_app.models.storage import get_storage
from models_app.services.configuring import set_flavor
from models_app.services.uploading import upload_model
from tests.engine.models import Counting


@pytest.fixture
def states(transactional_db: None) -> list[ModelState]:
    set_flavor(flavor="regression", now=timezone.now())
    names = [f"model-{number}" for number in range(5)]
    for name in names:
        upload_model(data=pickle.dumps(Counting()), name=name, now=timezone.now())
    found = [get_storage().find_state(name) for name in names]
    return [state for state in found if state is not None]

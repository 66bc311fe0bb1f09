"""A model's bytes, for whoever wants to take it elsewhere."""

from models_app.domain.errors import NoDefaultModel
from models_app.engine.commands import Export
from models_app.models.storage import get_storage
from models_app.services import auditing
from models_app.services.runtime import get_engine


def export_model(*, name: str | None) -> bytes:
    """Return a model as it is now, every acknowledged learn included, for `pickle.loads` or `dill.loads`.

    Without a name it is the default model. Raises `ModelNotFound`, `NoDefaultModel`.
    """
    command = export_command(name=name)
    return exported(command, get_engine().call(command))


def export_command(*, name: str | None) -> Export:
    """Return the command whose answer is those bytes; raises `NoDefaultModel`."""
    if name is None:
        name = get_storage().default_name()
        if name is None:
            raise NoDefaultModel
    return Export(name)


def exported(command: Export, data: bytes) -> bytes:
    """Return the answer to that command, and write down who has it."""
    auditing.record_afterwards(action="download", model=command.name or "", data=data)
    return data

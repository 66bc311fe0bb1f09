"""A model in a module that needs Django to be set up."""

from models_app.models import ServedModel
from tests.paradigms.trial_models import Own

#: What the module is imported for elsewhere.
TABLE = ServedModel._meta.db_table


class OfDjango(Own):
    """Learns as any other."""

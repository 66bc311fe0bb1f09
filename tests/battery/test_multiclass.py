from tests.battery.serving import EveryClass

FLAVOR = "multiclass"


class TestMulticlass(EveryClass):
    """A file of its own: the flavors run side by side."""

from tests.battery.serving import EveryClass

FLAVOR = "binary"


class TestBinary(EveryClass):
    """A file of its own: the flavors run side by side."""

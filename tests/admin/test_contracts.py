"""Feature contracts in the admin."""

from django.test import Client
from river import drift

from models_app.models import FeatureContract, ServedModel
from tests.admin.conftest import client
from tests.services.instances import Instance, instance

__all__ = ["client", "instance"]


def act(client: Client, action: str, name: str = "m") -> str:
    """Take an action, and return the page that follows."""
    form = {"action": action, "_selected_action": ServedModel.objects.get(name=name).pk}
    return client.post("/admin/models_app/servedmodel/", form, follow=True).content.decode()


def shown(client: Client) -> str:
    key = ServedModel.objects.get(name="m").pk
    return client.get(f"/admin/models_app/servedmodel/{key}/change/").content.decode()


def test_are_frozen_and_held_to(instance: Instance, client: Client) -> None:
    instance.upload("m")
    assert "nothing was seen of its features yet" in act(client, "freeze_contracts")
    assert "follows what is seen, not held to (by the setting)" in shown(client)
    instance.run("m", 3)

    assert "The feature contract of &#x27;m&#x27; is frozen." in act(client, "freeze_contracts")
    act(client, "hold_to_contracts")
    assert "frozen, held to (its own choice)" in shown(client)

    for action in ("thaw_contracts", "hold_by_setting"):
        act(client, action)
    assert FeatureContract.objects.values_list("is_frozen", "is_strict").get() == (False, None)


def test_are_none_of_a_model_without_features(instance: Instance, client: Client) -> None:
    instance.upload("m", drift.ADWIN(), flavor="drift")

    assert "takes no features" in act(client, "hold_to_contracts")
    assert not FeatureContract.objects.exists()

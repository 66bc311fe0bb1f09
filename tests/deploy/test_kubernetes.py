"""The manifests for Kubernetes, held to its schemas, to each other, and to the server."""

import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from chantilly_project.setting_table import BY_NAME
from tests.deploy.grafana import DEPLOY
from tests.deploy.proxies import SETTINGS
from tests.servers.servers import run_manage

FOLDER = DEPLOY / "kubernetes"
KUSTOMIZATION: dict[str, Any] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
MANIFESTS: dict[str, dict[str, Any]] = {
    name: yaml.safe_load((FOLDER / name).read_text()) for name in KUSTOMIZATION["resources"]
}
#: The oldest that is maintained, and the newest whose schema is at hand.
VERSIONS = ["1.34", "1.37"]
DEPLOYMENT = MANIFESTS["deployment.yaml"]["spec"]
POD = DEPLOYMENT["template"]["spec"]
CONTAINERS = {each["name"]: each for each in [*POD["initContainers"], *POD["containers"]]}
SERVER = CONTAINERS["server"]


def test_names_every_file() -> None:
    assert set(MANIFESTS) == {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", MANIFESTS)
class TestSchemas:
    def test_take_the_manifest(self, name: str, version: str) -> None:
        kubernetes_validate.validate(MANIFESTS[name], version, strict=True)

    def test_refuse_a_fault(self, name: str, version: str) -> None:
        faults: list[dict[str, object]] = [{"sepc": {}}, {"metadata": {"name": 1}}]
        for fault in faults:
            with pytest.raises(kubernetes_validate.ValidationError):
                kubernetes_validate.validate(MANIFESTS[name] | fault, version, strict=True)


class TestPods:
    @pytest.mark.parametrize("name", CONTAINERS)
    def test_are_kept_in(self, name: str) -> None:
        container = CONTAINERS[name]

        # What the namespace's standard asks for, and a root that nobody can write to.
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["image"] in {image["name"] for image in KUSTOMIZATION["images"]}

    def test_are_not_root_and_have_no_account(self) -> None:
        context = POD["securityContext"]

        assert context["runAsNonRoot"] is True
        assert f"USER {context['runAsUser']}" in (DEPLOY / "container/Dockerfile").read_text()
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert POD["automountServiceAccountToken"] is False
        assert not POD.keys() & {"hostNetwork", "hostPID", "hostIPC"}

    def test_have_the_settings_of_production(self) -> None:
        settings = MANIFESTS["configmap.yaml"]["data"]

        assert settings == {**SETTINGS, **{name: settings[name] for name in ("HOST", "INSTANCE_PATH")}}
        assert settings.keys() <= BY_NAME.keys()
        for container in CONTAINERS.values():
            assert container["envFrom"] == [
                {"configMapRef": {"name": MANIFESTS["configmap.yaml"]["metadata"]["name"]}},
                {"secretRef": {"name": "chantilly"}},
            ]

    def test_have_what_they_write_to(self) -> None:
        volumes = {volume["name"] for volume in POD["volumes"]}
        mounts = {mount["mountPath"]: mount["name"] for mount in SERVER["volumeMounts"]}

        assert mounts.keys() == {"/var/lib/chantilly", "/tmp"}
        assert set(mounts.values()) == volumes
        folder = Path(MANIFESTS["configmap.yaml"]["data"]["INSTANCE_PATH"])
        assert str(folder.parent) in mounts

    def test_have_time_to_stop(self) -> None:
        wait = int(SERVER["lifecycle"]["preStop"]["exec"]["command"][1])

        assert POD["terminationGracePeriodSeconds"] >= wait + int(BY_NAME["SHUTDOWN_SECONDS"].default) + 2

    def test_are_alike_in_their_seed(self, tmp_path: Path) -> None:
        """The script makes a folder that the server takes for an instance, with that seed."""
        (script,) = CONTAINERS["instance"]["args"]
        folder = tmp_path / "instance"
        environment = {"PATH": "/usr/bin:/bin", "INSTANCE_PATH": str(folder), "HASH_SEED": "1234"}

        done = subprocess.run(
            [*CONTAINERS["instance"]["command"], script], env=environment, capture_output=True, check=False
        )
        asked = run_manage(folder, "shell", "-c", "import os; print(os.environ['PYTHONHASHSEED'])")

        assert done.returncode == 0, done.stderr
        assert (folder.stat().st_mode & 0o777, (folder / "hash_seed").stat().st_mode & 0o777) == (
            0o700,
            0o600,
        )
        assert asked.stdout.split()[-1] == "1234"


class TestWaysToTheServer:
    def test_lead_there(self) -> None:
        service = MANIFESTS["service.yaml"]
        (rule,) = MANIFESTS["ingress.yaml"]["spec"]["rules"]
        (path,) = rule["http"]["paths"]

        assert path["backend"]["service"] == {"name": service["metadata"]["name"], "port": {"name": "http"}}
        assert [port["name"] for port in service["spec"]["ports"]] == ["http"]
        assert service["spec"]["ports"][0]["targetPort"] == SERVER["ports"][0]["name"]
        assert SERVER["ports"][0]["containerPort"] == int(BY_NAME["PORT"].default)
        assert rule["host"] in MANIFESTS["configmap.yaml"]["data"]["ALLOWED_HOSTS"].split(",")

    def test_select_the_pods(self) -> None:
        labels = DEPLOYMENT["template"]["metadata"]["labels"]
        budget = MANIFESTS["poddisruptionbudget.yaml"]["spec"]

        assert DEPLOYMENT["selector"]["matchLabels"] == labels
        assert MANIFESTS["service.yaml"]["spec"]["selector"] == labels
        assert budget["selector"]["matchLabels"] == labels
        assert budget["minAvailable"] < DEPLOYMENT["replicas"]

    def test_probe_what_asks_nobody_who_they_are(self) -> None:
        probes = {
            name: SERVER[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")
        }

        # A server whose database is away is not started again for it.
        assert probes == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}

    def test_hold_nothing_back(self) -> None:
        site = (DEPLOY / "nginx/chantilly.conf").read_text()
        annotations = {
            name.removeprefix("nginx.ingress.kubernetes.io/"): value
            for name, value in MANIFESTS["ingress.yaml"]["metadata"]["annotations"].items()
        }

        assert annotations["proxy-buffering"] == annotations["proxy-request-buffering"] == "off"
        assert f"client_max_body_size {annotations['proxy-body-size']};" in site
        assert "proxy_read_timeout 1h;" in site
        assert annotations["proxy-read-timeout"] == "3600"

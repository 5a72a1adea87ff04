"""What a pod is told is read by the very code that will run in it: it refuses here what it would refuse there."""

from pathlib import Path

import pytest
from tests.deployment import settings
from tests.deployment.availability import container, servers
from tests.deployment.configuration import OPTIONAL, SECRETS
from tests.deployment.manifests import OVERLAYS, labels, objects, of, one

from common.cli.reach import reach
from common.local.identity_provider import issuers_toml
from common.local.layout import service_names
from common.local.provision import routes_toml
from common.settings import Settings, SettingsError, read
from gateway.settings import GatewaySettings


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_code_takes_what_is_said(overlay: str, made: dict[str, dict[str, str]], tmp_path: Path) -> None:
    manifests = objects(overlay)
    for deployment in servers(manifests):
        name, held = labels(deployment)["service"], settings.files(manifests, deployment, made)
        environ = settings.laid_out(settings.environment(manifests, container(deployment)), held, tmp_path / name)
        if name == "gateway":
            assert read(GatewaySettings, environ).read_files().issuers
        else:
            taken = read(Settings, environ, service=name)
            assert f"bassin_{name}_app:" in taken.database_url
            assert taken.certificate_keys is not None
            assert taken.certificate_keys.is_file()


def test_the_secrets_that_are_mounted_are_those_that_are_made(made: dict[str, dict[str, str]]) -> None:
    assert made.keys() - OPTIONAL == SECRETS


def test_a_setting_that_the_code_refuses_is_found(made: dict[str, dict[str, str]], tmp_path: Path) -> None:
    manifests = objects("demo")
    training = one(manifests, "Deployment", "training")
    environ = settings.environment(manifests, container(training))
    held = settings.files(manifests, training, made)

    for spoiled in ({"BASSIN_DRAIN_SECONDS": "soon"}, {"BASSIN_NUMEN_KEY_FILE": "/run/secrets/bassin/nulle"}):
        with pytest.raises(SettingsError):
            read(Settings, settings.laid_out(environ | spoiled, held, tmp_path), service="training")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_issuer_is_trusted_for_each_academie_and_for_no_other(
    overlay: str, made: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    manifests = objects(overlay)
    gateway, training = (one(manifests, "Deployment", name) for name in ("gateway", "training"))
    held = settings.files(manifests, gateway, made)
    environ = settings.laid_out(settings.environment(manifests, container(gateway)), held, tmp_path)
    trusted = sorted(issuer.academie for issuer in read(GatewaySettings, environ).read_files().issuers)

    assert ",".join(trusted) == settings.environment(manifests, container(training))["BASSIN_ACADEMIES"]


def test_the_gateways_files_are_those_of_the_services() -> None:
    manifests = objects("demo")
    [files] = [c["data"] for c in of(manifests, "ConfigMap") if c["metadata"]["name"].startswith("gateway-files")]
    services = {name: f"http://{name.replace('_', '-')}:8000" for name in service_names()}
    found = of(manifests, "Service")
    addresses = {f"http://{s['metadata']['name']}:{port['port']}" for s in found for port in s["spec"]["ports"]}

    assert files == {"issuers.toml": issuers_toml("http://identity:8081"), "routes.toml": routes_toml(services)}
    assert set(services.values()) <= addresses


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_operators_reach_each_database_in_every_role(
    overlay: str, made: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    manifests = objects(overlay)
    for name in service_names():
        place = one(manifests, "Deployment", f"{name.replace('_', '-')}-operations")
        held = settings.files(manifests, place, made)
        reached = reach(
            name, settings.laid_out(settings.environment(manifests, container(place)), held, tmp_path / name)
        )

        for role in ("app", "relay", "owner", "maint"):
            assert f"bassin_{name}_{role}:" in getattr(reached.urls, role)
        assert reached.academies
        assert reached.broker()

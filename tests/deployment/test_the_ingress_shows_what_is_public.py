"""What people may ask reaches the gateway from outside; its health, its metrics and its keys do not."""

from pathlib import Path

import pytest
from tests.deployment import settings
from tests.deployment.availability import container
from tests.deployment.manifests import Manifest, objects, one

from common.settings import read
from gateway.main import app
from gateway.settings import GatewaySettings

INSIDE = {"/livez", "/readyz", "/metrics", "/internal/jwks"}
OVERLAYS = ["lille-amiens", "lille-amiens-operators", "trois-academies"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_page_but_those_of_machines(overlay: str, made: dict[str, dict[str, str]], tmp_path: Path) -> None:
    manifests = objects(overlay)
    gateway = one(manifests, "Deployment", "gateway")
    environ = settings.environment(manifests, container(gateway))
    laid_out = settings.laid_out(environ, settings.files(manifests, gateway, made), tmp_path)
    answered = {route.path for route in app(read(GatewaySettings, laid_out)).routes}

    for rule in one(manifests, "Ingress", "bassin")["spec"]["rules"]:
        assert {path for path in answered if not shown(rule, path)} == INSIDE
        assert all(any(covers(path, page) for page in answered) for path in rule["http"]["paths"])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_host_has_its_certificate_and_people_are_sent_to_one_of_them(overlay: str) -> None:
    manifests = objects(overlay)
    ingress = one(manifests, "Ingress", "bassin")["spec"]
    hosts = [rule["host"] for rule in ingress["rules"]]
    said = settings.environment(manifests, container(one(manifests, "Deployment", "training")))

    assert [host for tls in ingress["tls"] for host in tls["hosts"]] == hosts
    assert len({tls["secretName"] for tls in ingress["tls"]}) == len(hosts) == len(said["BASSIN_ACADEMIES"].split(","))
    assert said["BASSIN_PUBLIC_URL"] in {f"https://{host}" for host in hosts}


def shown(rule: Manifest, page: str) -> bool:
    return any(covers(path, page) for path in rule["http"]["paths"])


def covers(path: Manifest, page: str) -> bool:
    """As an Ingress controller reads a path: Prefix means whole segments."""
    wanted: str = path["path"]
    return page == wanted or (path["pathType"] == "Prefix" and page.startswith(f"{wanted.rstrip('/')}/"))

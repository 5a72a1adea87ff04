"""compose.yaml against the code: its services, settings that exist, files that are made, nothing open to others."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from common.cli import secrets
from common.local.identity_provider import issuers_toml
from common.local.layout import service_names
from common.local.provision import routes_toml
from common.settings import PREFIX, Settings
from gateway.settings import GatewaySettings

ROOT = Path(__file__).resolve().parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: SERVICES[name.replace("_", "-")] for name in (*service_names(), "gateway")}


def test_every_service_has_its_image() -> None:
    for name, said in OURS.items():
        assert said["build"]["args"] == {"SERVICE": name}
    assert set(service_names()) < set(SERVICES["init"]["command"])


def test_every_variable_is_a_setting_and_every_needed_setting_is_there() -> None:
    for name, said in OURS.items():
        fields = msgspec.structs.fields(GatewaySettings if name == "gateway" else Settings)
        said_here = {variable.removesuffix("_FILE").removeprefix(PREFIX).lower() for variable in said["environment"]}
        assert said_here <= {field.name for field in fields}, name
        assert {field.name for field in fields if field.required} <= said_here | {"service"}, name


def test_the_secrets_are_the_files_that_are_made(tmp_path: Path) -> None:
    secrets.create(tmp_path / "secrets")
    for name, where in COMPOSE["secrets"].items():
        assert (tmp_path / "secrets" / Path(where["file"]).name).is_file(), name


def test_secrets_are_made_once_and_closed_to_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = tmp_path / "secrets"
    secrets.create(directory)
    before = {file.name: file.read_bytes() for file in directory.iterdir()}
    secrets.create(directory)
    assert {file.name: file.read_bytes() for file in directory.iterdir()} == before
    assert directory.stat().st_mode & 0o777 == 0o700
    assert not any(content.decode() in capsys.readouterr().out for content in before.values())


def test_a_service_sees_no_secret_of_another() -> None:
    for name in service_names():
        named = [secret["source"] for secret in OURS[name]["secrets"] if isinstance(secret, dict)]
        assert named == [f"{name}_app_database_url", f"{name}_relay_database_url"]


def test_only_loopback_is_published() -> None:
    published = {name: said["ports"] for name, said in SERVICES.items() if "ports" in said}
    assert set(published) == {"gateway", "identity", "mailpit", "prometheus", "grafana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_what_is_ours_runs_without_rights() -> None:
    for name, said in {**OURS, "init": SERVICES["init"], "identity": SERVICES["identity"]}.items():
        assert (said["read_only"], said["cap_drop"], said["user"]) == (True, ["ALL"], "10001:10001"), name


def test_the_gateway_reads_the_demos_issuers_and_routes() -> None:
    deployed = ROOT / "deploy/compose"
    assert (deployed / "issuers.toml").read_text() == issuers_toml("http://identity:8081")
    services = {name: f"http://{name.replace('_', '-')}:8000" for name in service_names()}
    assert (deployed / "routes.toml").read_text() == routes_toml(services)


def test_no_image_floats() -> None:
    images = re.findall(r"image: (\S+)", (ROOT / "compose.yaml").read_text())
    assert all(":" in image for image in images if not image.startswith("bassin/")), images


def test_prometheus_scrapes_every_process_under_its_name() -> None:
    said = yaml.safe_load((ROOT / "deploy/observability/prometheus.yml").read_text())
    [scraped] = said["scrape_configs"]
    targets = {entry["labels"]["service"]: entry["targets"] for entry in scraped["static_configs"]}
    ports = {name: 8080 if name == "gateway" else 8000 for name in OURS}
    assert targets == {name: [f"{name.replace('_', '-')}:{port}"] for name, port in ports.items()}


def test_what_is_mounted_of_ours_is_there_and_read_only() -> None:
    for name, said in SERVICES.items():
        for source, _, options in (volume.split(":") for volume in said.get("volumes", []) if volume[0] == "."):
            assert (ROOT / source).exists(), f"{name}: {source}"
            assert options == "ro", f"{name}: {source}"


def test_the_dashboards_find_prometheus() -> None:
    grafana = ROOT / "deploy/observability/grafana/provisioning"
    [source] = yaml.safe_load((grafana / "datasources/prometheus.yml").read_text())["datasources"]
    [folder] = yaml.safe_load((grafana / "dashboards/bassin.yml").read_text())["providers"]
    mounted = [volume.split(":")[1] for volume in SERVICES["grafana"]["volumes"]]
    assert source["url"] == "http://prometheus:9090"
    assert folder["options"]["path"] in mounted
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (ROOT / "deploy/observability/grafana/dashboards" / Path(home).name).is_file()

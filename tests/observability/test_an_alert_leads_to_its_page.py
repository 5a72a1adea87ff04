"""Each alert has a severity, a page that helps, and a story in which it fires and one in which it does not."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from common.local.places import ROOT
from common.local.prometheus import program

PLACE = ROOT / "deploy" / "observability"
RUNBOOKS = ROOT / "docs" / "runbooks"
STORIES = sorted((PLACE / "rule-tests").glob("*.yml"))
BASE = "{{ $externalLabels.runbooks }}/"


def read(file: Path) -> Any:
    return yaml.safe_load(file.read_text("utf-8"))


ALERTS: dict[str, dict[str, Any]] = {
    rule["alert"]: rule for group in read(PLACE / "rules" / "alerts.yml")["groups"] for rule in group["rules"]
}
PAGES = sorted(file for file in RUNBOOKS.glob("*.md") if file.name != "README.md")


def page_of(alert: dict[str, Any]) -> str:
    url: str = alert["annotations"]["runbook_url"]
    assert url.startswith(BASE)
    return url.removeprefix(BASE)


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_an_alert_says_how_grave_it_is_and_where_to_read(name: str) -> None:
    alert = ALERTS[name]

    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert alert["annotations"]["summary"]
    assert f"`{name}`" in (RUNBOOKS / page_of(alert)).read_text("utf-8").split("\n## ")[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_begins_with_what_users_notice_and_ends_with_how_to_know_it_is_over(page: Path) -> None:
    sections = [part.partition("\n") for part in page.read_text("utf-8").split("\n## ")[1:]]

    assert [title for title, _, _ in sections] == ["What users notice", "What to do", "How to know it is over"]
    assert all(text.strip() for _, _, text in sections)
    assert page.name in {page_of(alert) for alert in ALERTS.values()}


def test_every_alert_fires_in_one_story_and_stays_silent_in_another() -> None:
    fires, silent = set[str](), set[str]()
    for story in (story for file in STORIES for story in read(file)["tests"]):
        for asked in story["alert_rule_test"]:
            (fires if asked["exp_alerts"] else silent).add(asked["alertname"])

    assert fires == silent == ALERTS.keys()


def test_what_must_wake_somebody_does() -> None:
    """The list of what an operator must hear of; the rest is free."""
    heard = {
        "ServiceDown", "ErrorsBurnTheMonthInDays", "ErrorsBurnTheMonth", "SlownessBurnsTheMonthInDays",
        "SlownessBurnsTheMonth", "OutboxOld", "OutboxDeep", "RelayWithoutOwner", "ConsumerLagGrows", "ConsumerStopped",
        "RecordsParked", "DatabasePoolExhausted", "DiskAlmostFull", "CertificateEnds", "SigningKeysOld",
        "MailQueueStuck", "DeadlineNearWithWorkOpen", "AuditChainBroken",
    }  # fmt: skip

    assert heard - ALERTS.keys() == set()


@pytest.mark.parametrize(
    "arguments",
    [["check", "config", str(PLACE / "prometheus.yml")], ["test", "rules", *map(str, STORIES)]],
    ids=["the configuration", "the stories"],
)
def test_promtool_agrees(arguments: list[str]) -> None:
    promtool = program("promtool")
    if promtool is None:
        pytest.skip("promtool is absent: python -m common.local.prometheus")
    done = subprocess.run([promtool, *arguments], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_story_that_does_not_hold_is_found(tmp_path: Path) -> None:
    """Else promtool would agree with anything: here an outbox is old and nothing is expected of it."""
    promtool = program("promtool")
    if promtool is None:
        pytest.skip("promtool is absent: python -m common.local.prometheus")
    told = read(PLACE / "rule-tests" / "alerts.yml")
    told["rule_files"] = [str(PLACE / "rules" / name) for name in ("recording.yml", "alerts.yml")]
    told["tests"] = [story for story in told["tests"] if story["name"] == "OutboxOld fires"]
    told["tests"][0]["alert_rule_test"][0]["exp_alerts"] = []
    (tmp_path / "story.yml").write_text(yaml.safe_dump(told))

    done = subprocess.run([promtool, "test", "rules", str(tmp_path / "story.yml")], capture_output=True, check=False)

    assert done.returncode == 1

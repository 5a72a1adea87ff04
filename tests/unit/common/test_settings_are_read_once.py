"""The environment is read once: all that is wrong is said at once, and no secret is ever printed."""

from pathlib import Path

import pytest
from msgspec import Struct

from common.settings import Secret, Settings, SettingsError, read, shown

GOOD = {
    "BASSIN_ACADEMIES": "09, 20",
    "BASSIN_DATABASE_URL": "postgresql://app:s3cret@127.0.0.1:5432/training",
    "BASSIN_RELAY_DATABASE_URL": "postgresql://relay:s3cret@127.0.0.1:5432/training?password=s3cret",
    "BASSIN_KAFKA": "127.0.0.1:9092",
    "BASSIN_GATEWAY_JWKS_URL": "http://127.0.0.1:8080/internal/jwks",
}


def wrong(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(Settings, environ, service="training")
    return caught.value.lines


def test_settings_are_typed_and_have_defaults() -> None:
    settings = read(Settings, GOOD | {"BASSIN_HTTP_PORT": "9001", "BASSIN_DRAIN_SECONDS": "2.5"}, service="training")

    assert settings.service == "training"
    assert settings.academies == ("09", "20")
    assert (settings.http_host, settings.http_port, settings.drain_seconds) == ("127.0.0.1", 9001, 2.5)
    assert settings.clock_file is None
    assert read(Settings, GOOD | {"BASSIN_CLOCK_FILE": "/clock"}, service="x").clock_file == Path("/clock")


def test_every_wrong_setting_is_one_line() -> None:
    lines = wrong(
        {
            "BASSIN_ACADEMIES": "09,Lille",
            "BASSIN_DATABASE_URL": GOOD["BASSIN_DATABASE_URL"],
            "BASSIN_KAFKA": "",
            "BASSIN_HTTP_PORT": "99999",
            "BASSIN_LOG_LEVEL": "chatty",
        }
    )

    assert [line.split(" ")[0].strip(":") for line in lines] == [
        "BASSIN_ACADEMIES",
        "BASSIN_RELAY_DATABASE_URL",
        "BASSIN_KAFKA",
        "BASSIN_GATEWAY_JWKS_URL",
        "BASSIN_HTTP_PORT",
        "BASSIN_LOG_LEVEL",
    ]
    assert "'Lille' is not a valid academie code, as 09" in lines[0]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"BASSIN_ACADEMIES": " , "}, "names no académie"),
        ({"BASSIN_SMTP_URL": "smtp://127.0.0.1"}, "BASSIN_MAIL_FROM is missing"),
        ({"BASSIN_NUMEN_KEY": "short"}, "32 bytes"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(more: dict[str, str], said: str) -> None:
    assert said in wrong(GOOD | more)[0]


def test_a_secret_can_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("k" * 40 + "\n")

    assert read(Settings, GOOD | {"BASSIN_NUMEN_KEY_FILE": str(file)}, service="x").numen_key == "k" * 40
    assert "both" in wrong(GOOD | {"BASSIN_NUMEN_KEY_FILE": str(file), "BASSIN_NUMEN_KEY": "k" * 40})[0]
    assert "BASSIN_NUMEN_KEY" in wrong(GOOD | {"BASSIN_NUMEN_KEY_FILE": str(tmp_path / "absent")})[0]


def test_no_secret_is_printed() -> None:
    settings = read(Settings, GOOD | {"BASSIN_NUMEN_KEY": "k" * 40}, service="training")

    assert "s3cret" not in repr(settings)
    assert "kkkk" not in repr(settings)
    assert "s3cret" not in str(list(settings.__rich_repr__()))
    assert shown(settings)["database_url"] == "postgresql://***@127.0.0.1:5432/training"
    assert shown(settings)["numen_key"] == "***"
    assert shown(settings)["academies"] == "09,20"


def test_another_process_reads_its_own_settings_the_same_way() -> None:
    class Door(Struct, frozen=True, kw_only=True):
        key: Secret
        issuers: tuple[str, ...] = ()

    assert read(Door, {"BASSIN_KEY": "x", "BASSIN_ISSUERS": "a,b"}) == Door(key="x", issuers=("a", "b"))

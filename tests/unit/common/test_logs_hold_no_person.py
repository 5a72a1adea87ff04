"""What is passed to a log by mistake does not leave the process, whoever passes it."""

import io
import json
import logging
import os
from typing import Any

import asyncpg
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from common import logs
from common.identifiers import CodeAcademie, Numen
from common.redaction import cleaned, is_personal

NUMEN = "01E9501234ABC"
MAIL = "zoe.martin+rh@ac-lille.fr"


@pytest.fixture
def stream() -> io.StringIO:
    stream = io.StringIO()
    logs.configure("training", stream=stream)
    return stream


def last(stream: io.StringIO) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(stream.getvalue().splitlines()[-1])
    return line


def test_a_line_has_its_origin_and_its_time(stream: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(academie=CodeAcademie("09"), event_id="0190"):
        structlog.get_logger().info("applied", records=3)

    line = last(stream)
    assert (line["event"], line["level"], line["service"]) == ("applied", "info", "training")
    assert (line["academie"], line["event_id"], line["records"]) == ("09", "0190", 3)
    assert line["time"].endswith("Z")


def test_what_our_own_loggers_add_is_written_and_cleaned(stream: io.StringIO) -> None:
    logging.getLogger("bassin.inbox").error("consumer stopped", extra={"why": f"told {MAIL}", "place": ("t", 0, 7)})
    logging.getLogger("uvicorn.error").error("started", extra={"color_message": "in colours"})

    ours, theirs = map(json.loads, stream.getvalue().splitlines())
    assert (ours["why"], ours["place"]) == ("told ***", ["t", 0, 7])
    assert "color_message" not in theirs


@given(
    st.from_regex(Numen.pattern, fullmatch=True),
    st.sampled_from(["{}", "numen={}", "('{}',)", '{{"a": "{}"}}', "é{} ", "/v1/x/{}?y"]),
)
def test_no_numen_survives_in_a_text(numen: str, around: str) -> None:
    assert numen not in str(cleaned(around.format(numen)))
    assert numen not in str(cleaned({"note": [(around.format(numen),)]}))


@pytest.mark.parametrize("text", [MAIL, f"to {MAIL},", "zoe.martin%40ac-lille.fr", f"<{MAIL}>", "é.ü@ac-lille.fr"])
def test_no_mail_address_survives_in_a_text(text: str) -> None:
    assert "ac-lille" not in cleaned(text)


@pytest.mark.parametrize(
    "text", ["Bearer abc.def", "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "postgresql://app:s3cret@db/training"]
)
def test_no_credential_survives_in_a_text(text: str) -> None:
    assert not any(secret in cleaned(text) for secret in ("abc.def", "eyJ", "s3cret"))


@pytest.mark.parametrize(
    "key", ["name", "family_name", "given_names", "work_mail", "numen", "Authorization", "nom_usage"]
)
def test_what_a_personal_key_holds_is_never_written(stream: io.StringIO, key: str) -> None:
    structlog.get_logger().info("oops", **{key: "Zoé", "deep": {key: ["Zoé"]}})

    assert "Zoé" not in stream.getvalue()


@pytest.mark.parametrize(
    "key", ["handler", "stream", "route", "topic", "academie", "subject", "event_id", "job", "error"]
)
def test_what_an_operator_needs_is_written(key: str) -> None:
    assert not is_personal(key)


def test_libraries_log_through_the_same_processors(stream: io.StringIO) -> None:
    logging.getLogger("aiokafka.consumer").warning("no heartbeat for %s of %s", NUMEN, MAIL)

    line = last(stream)
    assert line["logger"] == "aiokafka.consumer"
    assert line["event"] == "no heartbeat for *** of ***"
    assert line["service"] == "training"


def test_a_traceback_says_where_and_not_who(stream: io.StringIO) -> None:
    try:
        try:
            raise asyncpg.CheckViolationError(
                'new row for relation "person" violates check constraint "person_is_adult"',
            )
        except asyncpg.CheckViolationError as violation:
            violation.detail = "Failing row contains (Zoé, Martin)."
            raise ExceptionGroup("batch", [ValueError(f"cannot read {MAIL}")]) from violation
    except ExceptionGroup:
        structlog.get_logger().exception("failed")
        logging.getLogger("library").exception("failed too")

    ours, theirs = (json.loads(line) for line in stream.getvalue().splitlines())
    for line in (ours, theirs):
        assert "person_is_adult" in line["exception"]
        assert "test_logs_hold_no_person.py" in line["exception"]
        assert "cannot read ***" in line["exception"]
    assert "Zoé" not in stream.getvalue()


def test_a_line_never_fails_whatever_is_logged(stream: io.StringIO) -> None:
    structlog.get_logger().info("odd", thing=object(), cycle=ValueError("x"), raw=b"\xff", ids={1, 2}, error=KeyError())

    assert last(stream)["event"] == "odd"
    assert last(stream)["cycle"] == "ValueError: x"


def test_a_log_that_nobody_reads_fails_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    broken = os.fdopen(writing, "w")
    logs.configure("training", stream=broken)
    structlog.get_logger().warning("unheard")

    logs.configure("training", stream=io.StringIO())
    with pytest.raises(BrokenPipeError):
        broken.close()


def test_the_level_is_respected() -> None:
    stream = io.StringIO()
    logs.configure("training", level="warning", stream=stream)
    structlog.get_logger().info("quiet")
    logging.getLogger("library").info("quiet")
    structlog.get_logger().warning("loud")

    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["loud"]

"""SQL that PostgreSQL would take and we must not write: it reorders, serialises, or exists in one version only."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
STATEMENT = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|WITH|DO)\b")
# Work that may be done in any order; the relay's may not.
UNORDERED = {"libs/common/mail_sender.py", "services/territory/imports/store.py"}
NOT_IN_16 = (
    r"\buuidv[47]\(",  # 18; ours are made by the application
    r"\bJSON_TABLE\b|\bMERGE_ACTION\b|\btransaction_timeout\b",  # 17
    r"RETURNING\s+(OLD|NEW|WITH)\b|\bWITHOUT OVERLAPS\b|\bNOT ENFORCED\b|\bcasefold\(|\barray_sort\(",  # 18
    r"\bVIRTUAL\b|GENERATED ALWAYS AS \((?![^;]*\bSTORED\b)",  # 18
    r"(?i)\bicu\b|COLLATE \"[a-z]{2}-",  # a server may be built without
)


def statements() -> Iterator[tuple[str, str]]:
    """(file, text) of all SQL we ship."""
    for root in ("libs", "services"):
        for path in sorted((ROOT / root).rglob("*")):
            name = str(path.relative_to(ROOT))
            if path.suffix == ".sql":
                yield name, path.read_text(encoding="utf-8")
            elif path.suffix == ".py":
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                    if isinstance(node, ast.Constant) and isinstance(node.value, str) and STATEMENT.search(node.value):
                        yield name, node.value


ALL = list(statements())


def having(pattern: str) -> set[str]:
    return {name for name, text in ALL if re.search(pattern, text)}


def test_our_sql_is_found() -> None:
    assert {"libs/common/relay.py", "libs/common/migrations/versions/c0001_infra.sql"} <= having("infra.outbox")


def test_no_cursor_runs_over_the_outbox() -> None:
    """Trap PostgreSQL 1: `id > last` passes over what commits late; the order by transaction mixes up a subject."""
    reading = {text for name, text in ALL if "infra.outbox" in text and "SELECT" in text}

    assert len(reading) > 2
    assert not [text for text in reading if re.search(r"\bid\s*>|\bxmin\b|xact_id", text)]


def test_only_work_without_an_order_skips_what_is_locked() -> None:
    """Trap PostgreSQL 2."""
    assert having("SKIP LOCKED") <= UNORDERED


def test_no_transaction_notifies() -> None:
    """Trap PostgreSQL 3: NOTIFY serialises all commits of a database."""
    assert having(r"\b(NOTIFY|LISTEN)\b|pg_notify") == set()


@pytest.mark.parametrize("pattern", NOT_IN_16)
def test_our_sql_runs_on_postgresql_16(pattern: str) -> None:
    """Trap PostgreSQL 5."""
    assert having(pattern) == set()


def test_nothing_is_counted_in_a_row_that_many_share() -> None:
    """Trap PostgreSQL 8: `n = n + 1` on a shared row deadlocks and serialises batches; counts are queries.

    A version belongs to one subject, a revision to one answer, attempts to one record, done to one import, the
    sequence of an agenda to one meeting, a revision of quotas to one offer.
    """
    counted = {m[1] for _, text in ALL for m in re.finditer(r"\b(\w+)\s*=\s*(?:\w+\.)?\1\s*\+\s*", text)}

    assert counted <= {"version", "revision", "attempts", "done", "sequence", "quotas_revision"}, counted

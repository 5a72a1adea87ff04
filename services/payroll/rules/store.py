"""The rules of an académie in the database; those of the platform until somebody sets others."""

from uuid import UUID, uuid5

import msgspec
from msgspec import Struct

from common import audit
from common.identifiers import BASSIN, CodeAcademie
from common.protocol import PreconditionFailed
from common.tx import Tx
from payroll.rules.domain import Rules


class RulesView(Struct, frozen=True, kw_only=True):
    """Les règles d’une académie ; révision 0 : celles par défaut. Le plafond est en centimes."""

    academie: CodeAcademie
    rules: Rules
    revision: int

    @property
    def etag(self) -> str:
        return f'"{self.revision}"'


async def read(tx: Tx, academie: CodeAcademie) -> RulesView:
    row = await tx.fetchrow("SELECT rules, revision FROM rules WHERE academie = $1", academie)
    if row is None:
        return RulesView(academie=academie, rules=Rules(), revision=0)
    rules = msgspec.json.decode(row["rules"], type=Rules)
    return RulesView(academie=academie, rules=rules, revision=row["revision"])


async def record(tx: Tx, known: RulesView, rules: Rules) -> RulesView:
    """What is due to everybody is computed again."""
    encoded = msgspec.json.encode(rules).decode()
    revision = await tx.fetchval(RECORD, known.academie, encoded, tx.at, known.revision)
    if revision is None:
        raise PreconditionFailed("Quelqu’un d’autre vient de changer ces règles.")
    subject = rules_of(known.academie)
    audit.record(tx, known.academie, "pay-rules-set", subject, detail={"ceiling": rules.ceiling, "revision": revision})
    return RulesView(academie=known.academie, rules=rules, revision=revision)


def rules_of(academie: str) -> UUID:
    """The subject of the audit lines about an académie's rules."""
    return uuid5(BASSIN, f"payroll-rules:{academie}")


RECORD = """
WITH changed AS (UPDATE traveller SET changed_at = $3 WHERE academie = $1)
INSERT INTO rules (academie, revision, rules) VALUES ($1, 1, $2)
ON CONFLICT (academie) DO UPDATE SET rules = EXCLUDED.rules, revision = rules.revision + 1
WHERE rules.revision = $4
RETURNING revision
"""

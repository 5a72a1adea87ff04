"""What operators look for among held records, and what they decided of them."""

import msgspec
from alembic import context, op
from sqlalchemy import text

from common.migrate import run_sql_beside

revision = "c0003"
down_revision = "c0002"


def upgrade() -> None:
    run_sql_beside(__file__)
    if context.is_offline_mode():
        return
    held = op.get_bind().execute(text("SELECT id, stream, headers FROM infra.held WHERE subject IS NOT NULL")).all()
    for identifier, stream, packed in held:
        headers = dict(msgspec.msgpack.decode(packed, type=list[tuple[str, bytes | None]]))
        said = {name: (value or b"").decode("utf-8", "replace").replace("\0", "") for name, value in headers.items()}
        academie = said.get("ce_academie", "")
        service = stream.split(".")[1]  # bassin.training, bassin.training.state
        op.get_bind().execute(
            text("UPDATE infra.held SET type = :type, academie = :academie WHERE id = :id"),
            {
                "id": identifier,
                "type": said.get("ce_type"),
                "academie": academie if said.get("ce_source") == f"/academies/{academie}/{service}" else None,
            },
        )

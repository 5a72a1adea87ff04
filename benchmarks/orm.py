"""The same decision with SQLAlchemy's ORM on asyncpg, as its documentation sets it up."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from benchmarks.decision import ACTION, Decision
from common.migrate import ServiceUrls

APPEND = text(
    "SELECT infra.append(CAST(:ids AS uuid[]), CAST(:streams AS text[]), CAST(:subjects AS uuid[]), "
    "CAST(:headers AS text[]), CAST(:payloads AS bytea[]))"
)
SEE = text("SELECT set_config('bassin.academies', :codes, true)")


class Base(DeclarativeBase):
    pass


class Bassin(Base):
    __tablename__ = "bassin"

    academie: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    local_name: Mapped[str]


class Audit(Base):
    __tablename__ = "audit"

    academie: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    agent: Mapped[UUID]
    action: Mapped[str]
    subject: Mapped[UUID]
    detail: Mapped[dict[str, str]] = mapped_column(JSONB)


@asynccontextmanager
async def with_orm(urls: ServiceUrls, workers: int) -> AsyncIterator[Callable[[Decision], Awaitable[None]]]:
    engine = create_async_engine(urls.app.replace("postgresql://", "postgresql+asyncpg://"), pool_size=workers)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    try:
        yield lambda decision: commit(sessions, decision)
    finally:
        await engine.dispose()


async def commit(sessions: async_sessionmaker[AsyncSession], decision: Decision) -> None:
    async with sessions() as session, session.begin():
        await session.execute(SEE, {"codes": decision.academie})
        academie, code, name, local_name = decision.row
        session.add(Bassin(academie=academie, code=code, name=name, local_name=local_name))
        names = ("ids", "streams", "subjects", "headers", "payloads")
        await session.execute(APPEND, dict(zip(names, decision.event, strict=True)))
        session.add(line(decision))


def line(decision: Decision) -> Audit:
    return Audit(
        academie=decision.academie,
        id=decision.id,
        at=datetime.now().astimezone(),
        agent=decision.agent.id,
        action=ACTION,
        subject=decision.id,
        detail={"bassin": "09901"},
    )

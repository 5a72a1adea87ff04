"""Whom the broker counts in a consumer group, and how a dead one is forgotten sooner than by its session's end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.group import LeaveGroupRequest


async def members(kafka: str, group: str) -> list[str]:
    async with _admin(kafka) as admin:
        return await _members(admin, group)


async def dealt(kafka: str, group: str) -> int:
    """How many members have their partitions; 0 while the group is being dealt anew."""
    async with _admin(kafka) as admin:
        [answer] = await admin.describe_consumer_groups([group])
        _, _, state, _, _, known = answer.groups[0][:6]
        return len(known) if state == "Stable" else 0


async def expel(kafka: str, group: str) -> None:
    """The broker forgets the group's members, as it does ten seconds after their last heartbeat."""
    async with _admin(kafka) as admin:
        for member in await _members(admin, group):
            coordinator = await admin.find_coordinator(group)
            answer = await admin._send_request(LeaveGroupRequest(group, member), coordinator)
            assert answer.error_code == 0


async def _members(admin: Any, group: str) -> list[str]:
    [answer] = await admin.describe_consumer_groups([group])
    return [member[0] for member in answer.groups[0][5]]


@asynccontextmanager
async def _admin(kafka: str) -> AsyncIterator[Any]:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()

"""Time-ordered identifiers made by the application, since PostgreSQL has uuidv7() only from version 18."""

import os
import time
from uuid import UUID


def uuid7() -> UUID:
    """RFC 9562 section 5.7: 48 bits of Unix milliseconds (system clock), then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10))
    high = (milliseconds << 16) | 0x7000 | (random >> 68)
    return UUID(int=(high << 64) | (0b10 << 62) | (random & ((1 << 62) - 1)))

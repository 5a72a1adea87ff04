"""Time-ordered identifiers made by the application, since PostgreSQL has uuidv7() only from version 18."""

import os
import time
from uuid import UUID

RANDOM_BITS = 74


class _Generator:
    """RFC 9562 section 5.7 with method 2 of 6.2: within a process each identifier is above the one before."""

    def __init__(self) -> None:
        self._last = 0

    def __call__(self) -> UUID:
        """48 bits of Unix milliseconds (system clock) over 74 bits that are random, or the last one's plus one."""
        milliseconds = time.time_ns() // 1_000_000
        random = int.from_bytes(os.urandom(10)) >> 7  # 73 bits: room to count up
        self._last = max((milliseconds << RANDOM_BITS) | random, self._last + 1)
        stamp, low = self._last >> RANDOM_BITS, self._last & ((1 << RANDOM_BITS) - 1)
        high = (stamp << 16) | 0x7000 | (low >> 62)
        return UUID(int=(high << 64) | (0b10 << 62) | (low & ((1 << 62) - 1)))


uuid7 = _Generator()

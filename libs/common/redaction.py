"""What must not leave the process in a log line: persons, secrets, and what PostgreSQL quotes from a row."""

import re
import traceback
from functools import lru_cache
from typing import Any

import asyncpg

REDACTED = "***"
# Keys that hold a person, a secret or what a person wrote, whatever the value is.
PERSONAL_KEY = re.compile(
    r"^(names?|nom.*|prenoms?|civility|to|recipients?|body|text|query.*|nir|reason)$"
    r"|(family|given|first|last|full|user|person)_?names?$|mail$|numen|phone|birth|adresse"
    r"|password|secret|token$|authorization|cookie|credential"
)
NUMEN = r"(?<![0-9A-Za-z])[0-9]{2}[A-Za-z][0-9]{7}[A-Za-z]{3}(?![0-9A-Za-z])"
MAIL = r"[\w.+'-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63})+"
CREDENTIAL = r"(?i:\bbearer\s+\S+)|\beyJ[\w-]+\.[\w-]*(?:\.[\w-]*)?|(?<=://)[^/\s@]{1,200}(?=@)"
PERSONAL_TEXT = re.compile(f"{CREDENTIAL}|{MAIL}|{NUMEN}")


@lru_cache(512)
def is_personal(key: str) -> bool:
    return PERSONAL_KEY.search(key.lower()) is not None


def cleaned(value: Any) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return cleaned_text(str.__str__(value))
        case dict():
            return {str(key): cleaned_field(str(key), part) for key, part in value.items()}
        case list() | tuple() | set() | frozenset():
            return [cleaned(part) for part in value]
        case BaseException():
            return cleaned(message(value))
        case _:
            return cleaned(str(value))


@lru_cache(1024)  # event names, routes and codes come again and again
def cleaned_text(text: str) -> str:
    return PERSONAL_TEXT.sub(REDACTED, text)


def cleaned_field(key: str, value: Any) -> Any:
    return REDACTED if value is not None and is_personal(key) else cleaned(value)


def message(error: BaseException) -> str:
    """What the error says; of PostgreSQL's only the first line, for DETAIL quotes the failing row."""
    name = type(error).__qualname__
    said = error.args[0] if isinstance(error, asyncpg.PostgresError) and error.args else error
    return f"{name}: {said}" if str(said) else name


def formatted(error: BaseException) -> str:
    """The traceback and its causes, innermost first."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    blocks = [] if before is None else [formatted(before)]
    blocks.append("".join(traceback.format_tb(error.__traceback__)) + message(error))
    if isinstance(error, BaseExceptionGroup):
        blocks.extend(formatted(part) for part in error.exceptions)
    return "\n".join(blocks)

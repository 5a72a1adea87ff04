"""Statements with their values in the text: several of them make one simple query, hence one round trip."""

import re


def inline(sql: str, *values: object) -> str:
    """`sql` with its $1, $2 ... replaced by literals, for a simple query (standard_conforming_strings is on)."""
    return re.sub(r"\$(\d+)", lambda place: _literal(values[int(place[1]) - 1]), sql)


def _literal(value: object) -> str:
    match value:
        case None:
            return "NULL"
        case bytes():
            return f"'\\x{value.hex()}'::bytea"
        case int():
            return f"({value})"  # without parentheses a cast binds closer than the sign
        case list():
            return f"ARRAY[{','.join(map(_literal, value))}]"
        case _:
            return "'" + str(value).replace("'", "''") + "'"

"""Refuses a change of an event that a listener of the committed schema would not survive; a v1 only gains fields."""

from collections.abc import Iterator
from typing import Any

from common.contract_documents.schemas import Schema, resolved

# Said to people: no decoder looks at them. Definitions are compared where they are referred to.
ANNOTATIONS = frozenset({"$schema", "$id", "$defs", "$comment", "title", "description", "examples"})
COMPARED_APART = frozenset({"properties", "required", "$ref"})
BELOW = {"items": "[]", "additionalProperties": ".*"}


def breaks(committed: Schema, present: Schema) -> list[str]:
    """Each way in which the present schema is not the committed one plus fields with defaults, with its JSONPath."""
    return list(Comparison(committed, present).schemas(committed, present, "$"))


class Comparison:
    """Two documents; only through them can references be followed."""

    def __init__(self, committed: Schema, present: Schema) -> None:
        self._committed = committed
        self._present = present
        self._compared: set[tuple[str, str]] = set()

    def schemas(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        pair = (old.get("$ref", ""), new.get("$ref", ""))
        if all(pair):
            if pair in self._compared:
                return
            self._compared.add(pair)
        old, new = resolved(self._committed, old), resolved(self._present, new)
        yield from self._keywords(old, new, path)
        yield from self._fields(old, new, path)

    def _keywords(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        for key in sorted((old.keys() | new.keys()) - ANNOTATIONS - COMPARED_APART):
            if key not in old:
                yield f"{path}: {key} {new[key]!r} was added"
            elif key not in new:
                yield f"{path}: {key} {old[key]!r} was removed"
            else:
                yield from self._values(old[key], new[key], path, key)

    def _values(self, old: Any, new: Any, path: str, key: str) -> Iterator[str]:
        if key == "default" or type(old) is not type(new) or not isinstance(old, (dict, list)):
            if old != new or type(old) is not type(new):
                yield f"{path}: {key} was {old!r}, is {new!r}"
        elif isinstance(old, dict):
            yield from self.schemas(old, new, path + BELOW.get(key, ""))
        elif len(old) != len(new):
            yield f"{path}: {key} has {len(new)} members, had {len(old)}"
        else:
            for before, after in zip(old, new, strict=True):
                yield from self._values(before, after, path, key)

    def _fields(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        demanded, demands = set(old.get("required", ())), set(new.get("required", ()))
        for name in before:
            if name not in after:
                yield f"{path}.{name}: the field was removed or renamed"
                continue
            if (name in demanded) != (name in demands):
                yield f"{path}.{name}: the field is {'newly' if name in demands else 'no longer'} required"
            yield from self.schemas(before[name], after[name], f"{path}.{name}")
        for name in after:
            if name not in before and name in demands:
                yield f"{path}.{name}: a new field needs a default"

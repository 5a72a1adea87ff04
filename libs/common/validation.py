"""Every error of a body at once, in French and with its JSON pointer; msgspec alone stops at the first, in English."""

import re
import types
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import UNSET, Struct

from common.french_errors import PATH, in_french
from common.identifiers import dec_hook
from common.refusal import FieldError

LIMIT = 100  # errors told at once


def problems_of(body: Any, kind: Any) -> list[FieldError]:
    """All that keeps decoded JSON from being a `kind`."""
    found: list[FieldError] = []
    for error in _walk(body, kind, ""):
        found.append(error)
        if len(found) == LIMIT:
            break
    return found


def pointer_of(path: str) -> str:
    """`$.persons[0].name` of msgspec as /persons/0/name; what it writes as [...] stops the pointer there."""
    parts = re.findall(r"\.([^.\[]+)|\[(\d+)\]|(\[\.\.\.\])", path.removeprefix("$"))
    pointer = ""
    for name, index, unknown in parts:
        if unknown:
            break
        pointer += f"/{escaped(name or index)}"
    return pointer


def escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _walk(value: Any, kind: Any, pointer: str) -> Iterator[FieldError]:
    """The errors of the parts; if they are all right, those of the whole."""
    told = False
    for error in _parts(value, _plain(value, kind), pointer):
        told = True
        yield error
    if told:
        return
    try:
        msgspec.convert(value, kind, dec_hook=dec_hook, str_keys=True)
    except msgspec.ValidationError as error:
        path = PATH.search(str(error))
        code, detail = in_french(str(error), error.__cause__)
        allowed = _allowed(kind) if code == "enum" else ""
        yield FieldError(pointer=pointer + pointer_of(path[1] if path else ""), detail=detail + allowed, code=code)


def _parts(value: Any, kind: Any, pointer: str) -> Iterator[FieldError]:
    origin = get_origin(kind) or kind
    if isinstance(value, dict) and isinstance(origin, type) and issubclass(origin, Struct):
        yield from _fields(value, kind, pointer)
    elif isinstance(value, dict) and origin in (dict, Mapping) and get_args(kind):
        for key, part in value.items():
            yield from _walk(part, get_args(kind)[1], f"{pointer}/{escaped(str(key))}")
    elif isinstance(value, list) and origin in (list, tuple, set, frozenset) and get_args(kind):
        for index, part in enumerate(value):
            if (of_part := _item(kind, index)) is not None:
                yield from _walk(part, of_part, f"{pointer}/{index}")


def _fields(value: dict[str, Any], kind: Any, pointer: str) -> Iterator[FieldError]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    config = (get_origin(kind) or kind).__struct_config__
    for name, field in fields.items():
        at = f"{pointer}/{escaped(name)}"
        if name in value:
            yield from _walk(value[name], field.type, at)
        elif field.required:
            yield FieldError(pointer=at, detail="Ce champ est obligatoire", code="missing")
    for name in value if config.forbid_unknown_fields else ():
        if name not in fields and name != config.tag_field:
            yield FieldError(pointer=f"{pointer}/{escaped(name)}", detail="Ce champ n’existe pas", code="unknown-field")


def _item(kind: Any, index: int) -> Any:
    args = get_args(kind)
    if get_origin(kind) is not tuple or args[-1:] == (Ellipsis,):
        return args[0]
    return args[index] if index < len(args) else None


def _plain(value: Any, kind: Any) -> Any:
    """`kind` without Annotated, and of a union the only arm that `value` can have meant."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, types.UnionType):
        arms = [arm for arm in get_args(kind) if arm not in (type(None), type(UNSET))]
        return _plain(value, arms[0]) if len(arms) == 1 and value is not None else None
    return kind


def _allowed(kind: Any) -> str:
    plain = _plain("", kind)
    if isinstance(plain, type) and issubclass(plain, Enum):
        values = [str(member.value) for member in plain]
    elif get_origin(plain) is Literal:
        values = [str(value) for value in get_args(plain)]
    else:
        return ""
    return f" : {', '.join(values)}"

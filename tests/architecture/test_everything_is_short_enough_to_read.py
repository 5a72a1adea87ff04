"""A file fits a screen or four, a function one thought: style.md, "Form"."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Modules: TypeAlias = Mapping[Path, ast.Module]

LINES_OF_A_FILE = 300
LINES_OF_A_FUNCTION = 25  # of its body; ruff lays out the signature
POSITIONAL = 5
SAME_BODY = 8  # lines; longer ones in two services belong in common


def test_no_file_has_more_than_300_lines(modules: Modules, root: Path) -> None:
    long = {str(f): n for f in modules if (n := len((root / f).read_text().splitlines())) > LINES_OF_A_FILE}

    assert long == {}


def test_no_function_has_more_than_25_lines(modules: Modules) -> None:
    long = {f"{file}:{node.name}": n for file, node in functions(modules) if (n := lines(node)) > LINES_OF_A_FUNCTION}

    assert long == {}


def test_no_function_takes_more_than_five_positional_parameters(modules: Modules) -> None:
    many = {f"{file}:{node.name}": n for file, node in functions(modules) if (n := positional(node)) > POSITIONAL}

    assert many == {}


def test_no_two_services_share_a_function_body(modules: Modules) -> None:
    """What two services need the same way is written once, in libs/common."""
    bodies: dict[str, dict[str, str]] = defaultdict(dict)
    for file, node in functions(modules):
        if file.parts[0] == "services" and lines(node) > SAME_BODY:
            bodies[meaning(node)].setdefault(file.parts[1], f"{file}:{node.name}")

    assert [sorted(found.values()) for found in bodies.values() if len(found) > 1] == []


def test_the_same_function_in_two_services_would_be_found() -> None:
    ours, theirs = (ast.parse(text).body[0] for text in (COPIED, COPIED.replace('"Ours."', '"Theirs."')))

    assert isinstance(ours, ast.FunctionDef)
    assert isinstance(theirs, ast.FunctionDef)
    assert meaning(ours) == meaning(theirs)
    assert lines(ours) > SAME_BODY


def functions(modules: Modules) -> Iterator[tuple[Path, Function]]:
    for file, module in modules.items():
        for node in ast.walk(module):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield file, node


def lines(node: Function) -> int:
    body = said(node)
    return body[-1].end_lineno - body[0].lineno + 1 if body and body[-1].end_lineno else 0


def said(node: Function) -> Sequence[ast.stmt]:
    """The body without its docstring."""
    return node.body if ast.get_docstring(node) is None else node.body[1:]


def positional(node: Function) -> int:
    return sum(a.arg not in {"self", "cls"} for a in (*node.args.posonlyargs, *node.args.args))


def meaning(node: Function) -> str:
    """The body as Python sees it: without layout, comments and docstring."""
    return "\n".join(ast.unparse(statement) for statement in said(node))


COPIED = """
def count(rows):
    "Ours."
    first = {}
    second = {}
    for row in rows:
        if row.ours:  # a comment
            first[row.id] = row
        else:
            second[row.id] = row
    return first, second, len(
        rows)
"""

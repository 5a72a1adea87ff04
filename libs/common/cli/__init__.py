"""The `bassin` command: one module here per command, each with an `app`, imported only when it is called."""

import ast
import importlib
import pkgutil
import sys
from pathlib import Path

HELP = ("-h", "--help", "help")


def main(arguments: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    found = commands()
    if not arguments or arguments[0] in HELP:
        print(overview(found))
        return 0
    if arguments[0] == "--version":
        print(_version())
        return 0
    if arguments[0] not in found:
        print(f"bassin has no command {arguments[0]!r}: bassin --help", file=sys.stderr)
        return 2
    return call(found[arguments[0]], arguments)


def commands() -> dict[str, Path]:
    """Command -> the module's file: listing them imports none of them."""
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return {name.replace("_", "-"): Path(__path__[0], f"{name}.py") for name in sorted(modules)}


def overview(found: dict[str, Path]) -> str:
    lines = ["bassin COMMAND ... (each has --help)", ""]
    return "\n".join([*lines, *(f"  {name:12} {purpose(file)}" for name, file in found.items())])


def purpose(file: Path) -> str:
    """The first line of the module's docstring, without its name."""
    said = (ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "").partition("\n")[0]
    return said.partition("`: ")[2] if said.startswith("`bassin") else said


def call(module: Path, arguments: list[str]) -> int:
    """A command's answer is its exit status; what a person can correct is one line, never a traceback."""
    from cyclopts import App, CycloptsError  # noqa: PLC0415 - 0.3 s that `bassin --help` has no use for

    from common.local.trouble import Trouble  # noqa: PLC0415
    from common.settings import SettingsError  # noqa: PLC0415

    bassin = App(name="bassin", version=_version())
    bassin.command(importlib.import_module(f"{__name__}.{module.stem}").app)
    try:
        answer = bassin(arguments, exit_on_error=False, result_action="return_value")
    except CycloptsError:
        return 2
    except SettingsError as wrong:
        print(wrong, file=sys.stderr)
        return Trouble.exit_code
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return trouble.exit_code
    except KeyboardInterrupt:
        return 130
    return answer if isinstance(answer, int) else 0


def _version() -> str:
    from importlib.metadata import version  # noqa: PLC0415 - 30 ms

    return version("bassin")

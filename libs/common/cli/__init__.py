"""The `bassin` command: what there is, without importing it; a command's module is imported when it is called."""

import importlib
import sys
from collections.abc import Callable
from typing import NamedTuple

HELP = ("-h", "--help", "help")


class Command(NamedTuple):
    """`module:attribute` under common.cli, an App or a function, and what it is for."""

    target: str
    purpose: str


COMMANDS = {
    "demo": Command("demo:app", "everything on this machine, with fictional data, until Ctrl-C"),
    "journey": Command("journey:app", "play the witness journey against a running gateway"),
    "doctor": Command("doctor:app", "what this machine lacks for a demo, and what to do"),
    "token": Command("token:token", "print an access token of somebody of the running demo"),
    "serve": Command("serve:serve", "run one service, or the gateway, in the foreground"),
    "provision": Command("operate:provision", "migrate a database, create topics, register handlers"),
    "provisioned": Command("provisioned:provisioned", "wait until a database is as this release needs it"),
    "secrets": Command("secrets:app", "the passwords, addresses and keys of a deployment, as files"),
    "config": Command("config:app", "what a service would read from this environment"),
    "lag": Command("state:lag", "how far services are behind the topics they hear"),
    "outbox": Command("state:outbox", "what is not published yet, and whose relay is at it"),
    "topics": Command("state:topics", "compare the topics with what is declared"),
    "rebuild": Command("operate:rebuild", "build a projection again from the topics"),
    "parking": Command("parking:app", "records that could not be applied"),
    "consumer": Command("operate:consumer", "let a stopped consumer go on"),
    "lost": Command("operate:lost", "facts that a restored database had forgotten"),
    "territory": Command("territory:app", "load an official directory of schools: dry run, report, application"),
    "person": Command("person:app", "export or erase what the services hold of somebody"),
    "audit": Command("operate:audit", "verify the chain"),
    "keys": Command("keys:app", "the gateway's signing keys: create, rotate"),
    "openapi": Command("openapi:app", "the OpenAPI documents in docs/: export, check"),
    "contracts": Command("contracts:app", "schemas, AsyncAPI and the map of the events"),
}


def main(arguments: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] in HELP:
        print(overview())
        return 0
    if arguments[0] == "--version":
        print(_version())
        return 0
    if arguments[0] not in COMMANDS:
        print(f"bassin has no command {arguments[0]!r}: bassin --help", file=sys.stderr)
        return 2
    return call(arguments)


def overview() -> str:
    lines = (f"  {name:12} {command.purpose}" for name, command in COMMANDS.items())
    return "\n".join(["bassin COMMAND ... (each has --help)", "", *lines])


def call(arguments: list[str]) -> int:
    """A command's answer is its exit status; what a person can correct is one line, never a traceback."""
    from cyclopts import App, CycloptsError  # noqa: PLC0415 - 0.3 s that `bassin --help` has no use for

    from common.local.trouble import Trouble  # noqa: PLC0415
    from common.settings import SettingsError  # noqa: PLC0415

    bassin = App(name="bassin", version=_version())
    try:
        bassin.command(found(arguments[0]), name=arguments[0])
        answer = bassin(arguments, exit_on_error=False, result_action="return_value")
    except CycloptsError:
        return 2
    except (Trouble, SettingsError) as wrong:
        print(wrong, file=sys.stderr)
        return wrong.exit_code if isinstance(wrong, Trouble) else Trouble.exit_code
    except KeyboardInterrupt:
        return 130
    return answer if isinstance(answer, int) else 0


def found(name: str) -> Callable[..., object]:
    module, _, attribute = COMMANDS[name].target.partition(":")
    target: Callable[..., object] = getattr(importlib.import_module(f"{__name__}.{module}"), attribute)
    return target


def _version() -> str:
    from importlib.metadata import version  # noqa: PLC0415 - 30 ms

    return version("bassin")

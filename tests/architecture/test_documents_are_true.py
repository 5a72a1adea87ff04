"""What the pages for people say exists: links, commands, routes, settings; and nothing of the code is left unsaid."""

import ast
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest
from cyclopts import App

from common.cli import COMMANDS, found
from common.cli.config import OTHERS
from common.cli.operate import COUNTS
from common.local.screen import STEPS
from common.metrics import REGISTRY
from common.service import services
from common.settings import PREFIX, Settings
from gateway.settings import GatewaySettings

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "libs/common/README.md")),
        *(ROOT / "docs").rglob("*.md"),
    ]
)
TEXTS = {str(page.relative_to(ROOT)): page.read_text("utf-8") for page in PAGES}
DECISIONS = sorted(name for name in TEXTS if re.match(r"docs/decisions/\d{4}-", name))
CAPABILITIES = [text for name, text in TEXTS.items() if name.startswith("docs/capabilities/")]
SERVICE_NAMES = sorted([*services(), "gateway"])

FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
VARIABLE = re.compile(rf"{PREFIX}[A-Z][A-Z_]*")
SAID = re.compile(
    r"(?:: |run |see |`|until )bassin ((?:[a-z][a-z-]* ?)+)"
)  # a message that names a command as a remedy


@pytest.fixture(params=TEXTS)
def page(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


# --- links -------------------------------------------------------------------------------------------------------


def test_every_link_leads_somewhere(page: str) -> None:
    assert [link for link in LINK.findall(FENCE.sub("", TEXTS[page])) if not leads_somewhere(ROOT / page, link)] == []


@pytest.mark.parametrize("link", ["nowhere.md", "README.md#no-such-heading", "#no-such-heading"])
def test_a_link_to_nothing_is_found(link: str) -> None:
    assert leads_somewhere(ROOT / "README.md", "docs/map.md#topics")
    assert not leads_somewhere(ROOT / "README.md", link)


def leads_somewhere(page: Path, link: str) -> bool:
    """Addresses elsewhere are not asked: a test needs no network."""
    if re.match(r"[a-z]+:", link):
        return True
    path, _, anchor = link.partition("#")
    target = (page.parent / unquote(path)).resolve() if path else page
    return target.exists() and (not anchor or anchor in anchors(target.read_text("utf-8")))


def anchors(text: str) -> set[str]:
    """As the forge makes them: lower case, without punctuation, hyphens for spaces."""
    titles = (re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", title) for title in HEADING.findall(FENCE.sub("", text)))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_no_page_is_an_island() -> None:
    """Each can be reached from README.md by links."""
    reached, to_visit = set[Path](), [ROOT / "README.md"]
    while to_visit:
        visited = to_visit.pop()
        if visited in reached:
            continue
        reached.add(visited)
        links = (link.partition("#")[0] for link in LINK.findall(visited.read_text("utf-8")))
        to_visit += [there for link in links if (there := (visited.parent / link).resolve()) in PAGES]

    assert [str(page.relative_to(ROOT)) for page in PAGES if page not in reached] == []


# --- commands ----------------------------------------------------------------------------------------------------


def test_every_make_target_exists(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))

    assert [target for target in re.findall(r"\bmake ([a-z-]+)", said_as_code(page)) if target not in targets] == []


def test_every_bassin_command_exists(page: str) -> None:
    named = re.findall(r"\bbassin((?: [a-z][a-z-]*)+)", said_as_code(page))

    assert [words for words in named if not is_command(words.split())] == []


def test_a_message_names_only_commands_that_exist() -> None:
    assert SAID.findall("not ready; run bassin migrate it") == ["migrate it"]
    assert {f"{file}: {words}" for file, words in messages() if not is_command(words.split())} == set()


def test_a_command_that_does_not_exist_is_found() -> None:
    assert is_command(["parking", "replay", "training"])
    assert is_command(["rebuild", "training", "censuses"])
    assert not is_command(["migrate", "training"])
    assert not is_command(["parking", "undo"])


def is_command(words: list[str]) -> bool:
    """The first word is a command and, where this one has commands of its own, the second is one of them."""
    if words[0] not in COMMANDS:
        return False
    target = found(words[0])
    own = [name for name in target if not name.startswith("-")] if isinstance(target, App) else []
    return not own or len(words) < 2 or words[1] in own


def messages() -> Iterator[tuple[str, str]]:
    for file in sorted((ROOT / "libs").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from ((str(file.relative_to(ROOT)), words.strip()) for words in SAID.findall(node.value))


def said_as_code(page: str) -> str:
    """What stands in code spans and fences: there a word is meant as it is written."""
    text = TEXTS[page]
    return "\n".join([*FENCE.findall(text), *CODE.findall(FENCE.sub("", text))])


def test_the_readme_says_how_to_test_and_to_try() -> None:
    fences = FENCE.findall(TEXTS["README.md"])

    assert "```sh\nmake demo\n```" in fences
    assert "```sh\nmake test\n```" in fences


def test_the_readme_shows_every_step_of_a_demo() -> None:
    assert [step for step in STEPS if f" {step} " not in TEXTS["README.md"]] == []


# --- routes and metrics ----------------------------------------------------------------------------------------------


def test_every_route_exists(page: str) -> None:
    documented = msgspec.json.decode((ROOT / "docs/openapi.json").read_bytes(), type=dict[str, Any])["paths"]
    known = {shape(path) for path in documented} | {shape(parent) for path in documented for parent in above(path)}

    named = (route.rstrip(".,/") for route in re.findall(r"(/v1/[^\s`?…)\"]*)", said_as_code(page)))
    assert [route for route in named if shape(route) not in known] == []


def shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path).rstrip("/")


def above(path: str) -> Iterator[str]:
    """`/v1/hr-networks` is the prefix of a service, not a route; it may be named."""
    yield "/".join(path.split("/")[:3])
    yield "/v1"


def test_every_metric_exists(page: str) -> None:
    declared = {sample.name for family in REGISTRY.collect() for sample in family.samples}
    declared |= {f"{family.name}_total" if family.type == "counter" else family.name for family in REGISTRY.collect()}

    assert set(re.findall(r"`(bassin_[a-z_]+)`", TEXTS[page])) - declared == set()


# --- settings ----------------------------------------------------------------------------------------------------


def variables(kind: type[msgspec.Struct]) -> set[str]:
    """`service` is said on the command line."""
    return {PREFIX + field.name.upper() for field in msgspec.structs.fields(kind)} - {f"{PREFIX}SERVICE"}


def read_elsewhere() -> set[str]:
    """What commands, the local run and compose.yaml read from the environment by name."""
    sources = [
        *(ROOT / "libs/common/cli").glob("*.py"),
        *(ROOT / "libs/common/local").glob("*.py"),
        ROOT / "compose.yaml",
    ]
    return {name for file in sources for name in VARIABLE.findall(file.read_text("utf-8"))} | {
        PREFIX + name for name, _ in COUNTS
    }


def test_every_setting_that_is_named_exists(page: str) -> None:
    known = variables(Settings) | variables(GatewaySettings) | OTHERS | read_elsewhere()

    named = set(VARIABLE.findall(TEXTS[page]))
    assert {name for name in named if not {name, name.removesuffix("_FILE")} & known} == set()


@pytest.mark.parametrize(("kind", "title"), [(Settings, "a service"), (GatewaySettings, "the gateway")])
def test_operators_can_read_of_every_setting(kind: type[msgspec.Struct], title: str) -> None:
    section = TEXTS["docs/operations.md"].partition(f"## Settings of {title}")[2].partition("\n## ")[0]

    assert variables(kind) - set(VARIABLE.findall(section)) == set()


def test_operators_read_the_defaults_of_a_service_as_they_are() -> None:
    rows = re.findall(rf"^\| `({PREFIX}[A-Z_]+)` \| (.+?) \|", TEXTS["docs/operations.md"], re.MULTILINE)
    of_a_service = {
        PREFIX + f.name.upper(): default(f) for f in msgspec.structs.fields(Settings) if f.name != "service"
    }

    said = {name: value.strip("`") for name, value in rows[: len(of_a_service)]}
    assert said == of_a_service


def default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    return str(field.default) if field.default not in (None, "") else "none"


# --- nothing is left out -----------------------------------------------------------------------------------------


def test_every_module_of_common_says_what_would_be_lost_without_it() -> None:
    listed = re.findall(r"^\| `(\w+)` \| .+ \|$", TEXTS["libs/common/README.md"], re.MULTILINE)
    modules = {file.stem for file in (ROOT / "libs/common").glob("*.py")} - {"__init__"}

    assert sorted(listed) == sorted(modules)
    assert all(earlier < later for earlier, later in pairwise(listed))


def test_every_package_of_common_is_named() -> None:
    packages = {init.parent.name for init in (ROOT / "libs/common").glob("*/__init__.py")}

    assert packages - set(re.findall(r"\w+", TEXTS["libs/common/README.md"])) == set()


@pytest.mark.parametrize("service", SERVICE_NAMES)
def test_every_service_has_its_flow_described(service: str) -> None:
    assert any(re.search(rf"\b{service}\b", text) for text in CAPABILITIES)


@pytest.mark.parametrize("service", SERVICE_NAMES)
def test_the_readme_leads_to_every_service(service: str) -> None:
    assert f"services/{service}/" in TEXTS["README.md"]


def indexes() -> Mapping[str, str]:
    return {name: text for name, text in TEXTS.items() if re.fullmatch(r"docs/\w+/README\.md", name)}


@pytest.mark.parametrize("index", sorted(indexes()))
def test_an_index_names_every_page_beside_it(index: str) -> None:
    beside = {page.name for page in (ROOT / index).parent.glob("*.md")} - {"README.md"}

    assert beside - set(LINK.findall(TEXTS[index])) == set()


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_decision_is_one_page_and_says_when_to_take_it_again(decision: str) -> None:
    text = TEXTS[decision]

    assert len(text.splitlines()) <= 40
    assert text.startswith(f"# {Path(decision).name[:4]} ")
    assert text.partition("\n## Revisit when\n")[2].strip()


def test_the_decisions_are_numbered_without_gap() -> None:
    assert [int(Path(name).name[:4]) for name in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_the_licence_is_the_one_that_the_package_names() -> None:
    licence = (ROOT / "LICENSE").read_text("utf-8")

    assert licence.startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2\n")
    assert "15.Applicable Law" in licence
    assert 'license = "EUPL-1.2"' in (ROOT / "pyproject.toml").read_text("utf-8")

"""`bassin territory import` as an operator runs it: over HTTP, with a token, followed to its end."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import uvicorn
from structlog.testing import capture_logs

from common.cli import main

DEMO = Path(__file__).parents[3] / "services" / "territory" / "demo" / "etablissements.csv"


class Answered(NamedTuple):
    status: int
    said: str
    aside: str  # progress and refusals


class Front:
    """The service behind a real port; it can be out of order for a moment."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.down_for = 0  # looks

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.down_for and scope["method"] == "GET":
            self.down_for -= 1
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            await self._app(scope, receive, send)


class Terminal:
    """Somebody at a shell, and the service he reaches."""

    def __init__(self, front: Front, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.front, self.url, self._capsys = front, url, capsys

    async def run(self, *arguments: object) -> Answered:
        words = ["territory", *map(str, arguments)]
        status = await asyncio.to_thread(main, words)
        out, err = self._capsys.readouterr()
        return Answered(status, out, err)

    async def import_(self, file: Path, *options: object) -> Answered:
        return await self.run("import", file, "--url", self.url, *options)


@pytest.fixture
async def terminal(
    lille: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Terminal]:
    monkeypatch.setenv("BASSIN_TOKEN", lille.client.headers["authorization"].removeprefix("Bearer "))
    monkeypatch.setattr("common.directory_import.LOOK", 0.02)
    with capture_logs(), socket.create_server(("127.0.0.1", 0)) as bound:
        front = Front(lille.served.app)
        server = uvicorn.Server(uvicorn.Config(front, log_config=None, access_log=False, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        working = asyncio.create_task(work(lille))
        yield Terminal(front, f"http://127.0.0.1:{bound.getsockname()[1]}", capsys)
        working.cancel()
        server.should_exit = True
        await serving
        with contextlib.suppress(asyncio.CancelledError):
            await working


async def work(importing: Any) -> None:
    """The children of this service, one import after the other."""
    while True:
        if not await importing.work():
            await asyncio.sleep(0.02)


async def schools(importing: Any) -> int:
    return len((await importing.client.get("/v1/territory/etablissements?limit=200")).json()["items"])


async def test_without_apply_it_is_a_dry_run(terminal: Terminal, lille: Any) -> None:
    status, said, aside = await terminal.import_(DEMO)

    assert status == 0
    assert "etablissements.csv: read as Fichier simple d’établissements, utf-8" in said
    assert said.splitlines()[3].split() == ["académie", "opened"]
    assert said.splitlines()[4].split() == ["09", "28"]
    assert "bassins: 14 opened" in said
    assert "skipped: 18 lines of académies that these mandates do not cover (20)" in said
    assert said.endswith("Nothing has changed yet. To make it so: the same command with --apply.\n")
    assert aside.splitlines() == ["sending: 100 %", "dry run: 0 %", "dry run: 100 %"]
    assert await schools(lille) == 0


async def test_apply_makes_it_so_and_a_second_time_there_is_nothing_to_apply(terminal: Terminal, lille: Any) -> None:
    first = await terminal.import_(DEMO, "--apply", "--effective-on", "2026-09-01")
    again = await terminal.import_(DEMO, "--apply", "--effective-on", "2026-09-01")

    assert (first.status, first.said.splitlines()[-1]) == (0, "Applied: 42 changes, effective on 2026-09-01.")
    assert (again.status, again.said.splitlines()[-1]) == (0, "Nothing to apply.")
    assert await schools(lille) == 28


async def test_what_is_refused_is_told_by_line_and_column_and_is_status_1(
    terminal: Terminal, directory: Any, line: Any, tmp_path: Path
) -> None:
    file, report = tmp_path / "annuaire.csv", tmp_path / "report.csv"
    file.write_text(directory(line("0590318B"), line("0590001f"), line(nom="")), "utf-8")

    status, said, _ = await terminal.import_(file, "--report", report)

    assert status == 1
    assert (
        "  line 2, uai (colonne A), 0590318B: La lettre de l’UAI ne correspond pas à ses chiffres. [0590318B]" in said
    )
    assert "  line 3, uai (colonne A), 0590001F: Écriture corrigée : lu 0590001F. [0590001f]" in said
    assert "  line 4, nom (colonne B), 0590318A: Le nom manque." in said
    assert report.read_bytes().startswith("\ufeffLigne;Objet".encode())
    results = [row.split(";")[4] for row in report.read_text("utf-8").splitlines()[1:]]
    assert results == ["ouvert", "refusé", "ouvert", "averti", "refusé"]  # the bassin, then lines 2, 3 twice, 4


async def test_absent_schools_are_closed_on_demand(
    terminal: Terminal, directory: Any, line: Any, uai: Any, tmp_path: Path
) -> None:
    file = tmp_path / "annuaire.csv"
    file.write_text(directory(line(uai(590001)), line(uai(590002))), "utf-8")
    await terminal.import_(file, "--apply", "--effective-on", "2020-09-01")
    file.write_text(directory(line(uai(590001))), "utf-8")

    _, said, _ = await terminal.import_(file, "--apply", "--close-absent")

    assert said.splitlines()[3].split() == ["académie", "closed", "absent", "unchanged"]
    assert said.splitlines()[4].split() == ["09", "1", "1", "1"]


async def test_a_file_that_cannot_be_read_says_every_reason(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "other.csv"
    file.write_text("a;b\n1;2\n")

    status, said, _ = await terminal.import_(file, "--apply")

    assert status == 1
    assert [line.split(" : ")[0] for line in said.splitlines()[1:]] == ["  Colonne obligatoire absente"] * 4


async def test_a_gateway_that_is_away_for_a_moment_is_waited_for(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.remote.time.sleep", lambda _: None)
    terminal.front.down_for = 3

    status, said, _ = await terminal.import_(DEMO, "--apply")

    assert (status, terminal.front.down_for) == (0, 0)
    assert "Applied: 42 changes" in said


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("x", "refused (401 unauthenticated): "),
        ("", "no token for this gateway: --token-file FILE, or BASSIN_TOKEN"),
    ],
)
async def test_without_a_good_token_it_is_one_line_with_its_remedy(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, token: str, expected: str
) -> None:
    monkeypatch.setenv("BASSIN_TOKEN", token)

    status, said, aside = await terminal.import_(DEMO)

    last = aside.splitlines()[-1]
    assert status in (1, 2)
    assert said == ""
    assert last.startswith(expected)
    assert "token" in last


async def test_without_the_mandate_it_is_one_line_with_its_remedy(
    terminal: Terminal, lille: Any, agent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = lille.served.as_(agent("responsable-formation", "09"))
    monkeypatch.setenv("BASSIN_TOKEN", other.headers["authorization"].removeprefix("Bearer "))

    status, _, aside = await terminal.import_(DEMO)

    assert status == 1
    assert aside.splitlines()[-1].endswith("Ask with an account whose mandate is administrateur du territoire.")


async def test_a_wrong_command_line_is_status_2_and_no_gateway_status_3(terminal: Terminal, tmp_path: Path) -> None:
    absent = await terminal.run("import", tmp_path / "absent.csv", "--url", terminal.url)
    unwritable = await terminal.import_(DEMO, "--report", tmp_path / "absent" / "report.csv")
    terminal.url = "http://127.0.0.1:9"
    nobody = await terminal.import_(DEMO)

    assert (absent.status, unwritable.status, nobody.status) == (2, 2, 3)
    assert [len(answer.aside.splitlines()) for answer in (absent, unwritable)] == [1, 1]
    assert nobody.aside.splitlines()[-1].endswith("is this the gateway?")


async def test_without_a_demo_it_is_one_line_with_its_remedy(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("common.cli.reach.RUN", tmp_path / "run.json")

    status, _, aside = await terminal.run("import", DEMO)

    assert (status, aside) == (3, "no demo is running in this clone: make demo, or name a gateway with --url\n")

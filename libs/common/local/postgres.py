"""A real PostgreSQL 18 without installation: initialised, started and stopped by us."""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
from pathlib import Path

from common.local.binaries import binaries
from common.local.children import Account, Children, Program
from common.local.ports import LOOPBACK, require_free

SETTINGS = {"listen_addresses": LOOPBACK, "unix_socket_directories": "", "max_connections": "300", "timezone": "UTC"}
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}  # for tests: nothing survives a crash
_USER = b"user\x00postgres\x00\x00"
_STARTUP = (8 + len(_USER)).to_bytes(4, "big") + b"\x00\x03\x00\x00" + _USER  # protocol 3.0


def runs_as() -> Account | None:
    """PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


class Postgres:
    """One server in one directory; its superuser's password is drawn at initdb and kept beside the data."""

    def __init__(self, home: Path, *, port: int, log: Path, fast: bool = False) -> None:
        self.home, self.port, self.log, self._fast = home, port, log, fast
        self.settings: dict[str, str] = {}  # besides ours, from its next start on
        self._data = home / "data"
        self._password = home / "password"

    @property
    def admin_url(self) -> str:
        return f"postgresql://postgres:{self._password.read_text()}@{LOOPBACK}:{self.port}/postgres"

    def start(self, children: Children) -> None:
        require_free(self.port)
        if not self._data.exists():
            self._initialise(children)
        settings = {**SETTINGS, "port": self.port, **(FAST if self._fast else {}), **self.settings}
        options = [f"-c{name}={value}" for name, value in settings.items()]
        self._children = children
        self._child = children.start(self._program("postgres", "-D", self._data, *options))
        self._child.wait_until(self._ready, within=60)

    def stop(self, *, at_once: bool = False) -> None:
        """At once is what a crash leaves: nothing is written out, the next start recovers from the log."""
        if at_once:
            self._child.process.send_signal(signal.SIGQUIT)
            self._child.process.wait(10)
        self._children.end(self._child)

    def _initialise(self, children: Children) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self._password.touch(mode=0o600)
        self._password.write_text(secrets.token_urlsafe(24))
        if account := runs_as():
            os.chown(self.home, *account)
            os.chown(self._password, *account)
        unfinished = self.home / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        options = ["--username=postgres", f"--pwfile={self._password}", "--auth=scram-sha-256", "--no-instructions"]
        options += ["--encoding=UTF8", "--locale=C.UTF-8", *(["--no-sync"] if self._fast else [])]
        children.run(self._program("initdb", "-D", unfinished, *options))
        unfinished.replace(self._data)

    def _program(self, name: str, *arguments: str | Path) -> Program:
        """SIGINT is the server's `fast` shutdown: sessions are ended, data are written."""
        command = [binaries() / "bin" / name, *arguments]
        return Program("PostgreSQL", command, self.log, self.home, signal.SIGINT, runs_as())

    def _ready(self) -> bool:
        """It answers a start-up request, were it only by asking for the password."""
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, self.port), timeout=5) as asking:
            asking.sendall(_STARTUP)
            return asking.recv(1) == b"R"
        return False

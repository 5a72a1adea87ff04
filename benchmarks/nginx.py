"""nginx as the other way to put something before a service: one worker, connections kept on both sides, a log.

It verifies no token and signs none: whoever asks through it brings the token that the service believes.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.platform import STATE
from benchmarks.row import NotRun
from common.local.children import Program, Reaper
from common.local.ports import LOOPBACK, free_ports, require_free
from common.local.trouble import Trouble

CONFIGURATION = """
daemon off;
master_process off;
pid nginx.pid;
error_log error.log;
events {{ worker_connections 1024; }}
http {{
    access_log access.log;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    keepalive_requests 1000000;
    upstream service {{
        server {upstream};
        keepalive 64;
        keepalive_requests 1000000;
        keepalive_timeout 4s;
    }}
    server {{
        listen {address};
        location / {{
            proxy_pass http://service;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
}}
"""


@contextmanager
def nginx(service: str) -> Iterator[str]:
    """Its address, while it stands before `service`."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/opt/homebrew/bin")
    if program is None:
        raise NotRun("nginx is absent")
    home = STATE / "nginx"
    home.mkdir(parents=True, exist_ok=True)
    [port] = free_ports(1)
    address = f"{LOOPBACK}:{port}"
    configuration = CONFIGURATION.format(upstream=service.removeprefix("http://"), address=address)
    (home / "nginx.conf").write_text(configuration)
    with Reaper() as children:
        command: list[str | Path] = [program, "-p", f"{home}/", "-c", "nginx.conf", "-e", "error.log"]
        child = children.start(Program("nginx", command, home / "nginx.log", home))
        child.wait_until(lambda: listens(port), within=10)
        yield f"http://{address}"


def listens(port: int) -> bool:
    try:
        require_free(port)
    except Trouble:
        return True
    return False

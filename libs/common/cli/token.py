"""`bassin token`: who one can be in the running demo, and the token that says so."""

from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

import msgspec
from msgspec import Struct

from common.local.places import STATE
from common.local.trouble import Trouble

RUN = STATE / "run.json"


class Run(Struct):
    identity_provider: str


class Granted(Struct):
    access_token: str


class Refused(Struct):
    detail: str


def token(account: str, /) -> int:
    """Print an access token of ACCOUNT (chef@lille, formation@amiens, chef-0599003r@lille, exploitation, ...)."""
    print(granted(provider(), account))
    return 0


def provider() -> str:
    try:
        return msgspec.json.decode(RUN.read_bytes(), type=Run).identity_provider
    except FileNotFoundError as absent:
        raise Trouble("no demo is running in this clone: make demo") from absent


def granted(base: str, account: str) -> str:
    issuer = account.partition("@")[2] or "lille"
    try:
        status, answer = _post(f"{base}/{issuer}/token", urlencode({"client_id": account}))
    except OSError as down:
        raise Trouble(f"the demo's identity provider does not answer at {base}: make demo") from down
    if status != 200:
        raise Trouble(msgspec.json.decode(answer, type=Refused).detail)
    return msgspec.json.decode(answer, type=Granted).access_token


def _post(url: str, form: str) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=5)
    try:
        connection.request("POST", parts.path, form, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()

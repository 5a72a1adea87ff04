"""Somebody of the demo who speaks to the gateway as his own client would: a token, requests, patience."""

import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx

from common.local.patient import Patient
from common.local.trouble import ServiceDied

Answer = Any  # decoded JSON, whose shape the journey knows
PATIENCE = 90.0  # seconds: what a job that runs once a minute may add


class Unexpected(ServiceDied):
    """The platform answered, but not what the journey is the proof of."""


class Visitor:
    def __init__(self, account: str, token: str, http: httpx.Client) -> None:
        self.account, self.token, self._http = account, token, http
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **query: str) -> Answer:
        return self._said(self._http.get(path, params=query, headers=self._headers), 200)

    def status(self, path: str) -> int:
        return self._http.get(path, headers=self._headers).status_code

    def post(self, path: str, body: object = None, *, expect: int, etag: str | None = None) -> Answer:
        return self._said(self._http.post(path, json=body, headers=self._once() | _match(etag)), expect)

    def refused(self, path: str, body: object = None) -> str:
        """By which rule: the code of the problem."""
        response = self._http.post(path, json=body, headers=self._once())
        return str(response.json().get("type", "")).removeprefix("/problems/")

    def post_once_known(self, path: str, body: object, *, unknown: str, expect: int) -> Answer:
        """A command that another service's facts must precede: until they have come it is refused as `unknown`."""
        response = until(
            lambda: self._http.post(path, json=body, headers=self._once()),
            lambda answer: answer.status_code < 400 or answer.json()["type"] != f"/problems/{unknown}",
            what=f"{path} to know what comes before it",
        )
        return self._said(response, expect)

    def send_file(self, path: str, content: bytes, *, name: str) -> Answer:
        headers = {**self._once(), "Content-Type": "text/csv"}
        return self._said(self._http.post(path, params={"name": name}, content=content, headers=headers), 202)

    def put(self, path: str, body: object, *, expect: int = 201, etag: str | None = None) -> Answer:
        return self._said(self._http.put(path, json=body, headers=self._headers | _match(etag)), expect)

    def patch(self, path: str, body: object) -> Answer:
        return self._said(self._http.patch(path, json=body, headers=self._headers), 200)

    def all(self, path: str, **query: str) -> list[Answer]:
        """Every page of a list."""
        page = self.get(path, limit="200", **query)
        items = list(page["items"])
        while cursor := page.get("next"):
            page = self.get(path, limit="200", cursor=cursor, **query)
            items += page["items"]
        return items

    def _once(self) -> dict[str, str]:
        return {**self._headers, "Idempotency-Key": str(uuid.uuid4())}

    def _said(self, response: httpx.Response, expected: int) -> Answer:
        if response.status_code != expected:
            said = f"{response.status_code} {response.text[:300]}"
            raise Unexpected(f"{self.account}: {response.request.method} {response.request.url.path}: {said}")
        return response.json() if response.content else None


def _match(etag: str | None) -> dict[str, str]:
    return {} if etag is None else {"If-Match": etag}


class Visitors:
    """Everybody of one journey: their tokens from the identity provider, their requests over the same connections."""

    def __init__(self, *, gateway: str, identity: str) -> None:
        self._identity = identity
        patient = Patient(httpx.HTTPTransport())
        self._http = httpx.Client(base_url=gateway, timeout=30, follow_redirects=False, transport=patient)
        self._known: dict[str, Visitor] = {}

    def __call__(self, account: str) -> Visitor:
        if account not in self._known:
            self._known[account] = Visitor(account, self.token(account), self._http)
        return self._known[account]

    def anybody(self, path: str, **query: str) -> str:
        """A page that is public: no token goes with the request."""
        response = self._http.get(path, params=query)
        if response.status_code != 200:
            raise Unexpected(f"{path} for anybody: {response.status_code} {response.text[:200]}")
        return response.text

    def close(self) -> None:
        self._http.close()

    def token(self, account: str) -> str:
        issuer = account.partition("@")[2] or "lille"
        form = {"grant_type": "client_credentials", "client_id": account}
        response = self._http.post(f"{self._identity}/{issuer}/token", data=form)
        if response.status_code != 200:
            raise Unexpected(f"no token for {account}: {response.status_code} {response.text[:200]}")
        return str(response.json()["access_token"])


def until(look: Callable[[], Answer], true: Callable[[Answer], bool], *, what: str) -> Answer:
    """What `look` sees once it is as it should be; facts take a moment from one service to the next."""
    deadline = time.monotonic() + PATIENCE
    while not true(seen := look()):
        if time.monotonic() > deadline:
            raise Unexpected(f"{what}: not within {PATIENCE:.0f} s; seen last: {str(seen)[:300]}")
        time.sleep(0.1)
    return seen


def expect(true: bool, what: str) -> None:
    if not true:
        raise Unexpected(what)

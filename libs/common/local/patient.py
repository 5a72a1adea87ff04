"""What a client does while a process of the platform is replaced: it sends again what cannot have been done twice."""

import time

import httpx

LONGEST = 20.0  # seconds in all, for one request
PAUSE = 0.5  # seconds, where no answer says how long
UNKNOWN = frozenset({502, 504})  # the service may have done it


class Patient(httpx.BaseTransport):
    """Around another transport."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        end = time.monotonic() + LONGEST
        while True:
            pause = PAUSE
            try:
                response = self._transport.handle_request(request)
                if not _may_be_repeated(request, response) or time.monotonic() > end:
                    return response
                pause = min(float(response.headers.get("retry-after", PAUSE)), 5.0)
                response.close()
            except httpx.ConnectError:
                if time.monotonic() > end:
                    raise
            except httpx.TransportError:
                if not _harmless(request) or time.monotonic() > end:
                    raise
            time.sleep(pause)

    def close(self) -> None:
        self._transport.close()


def _may_be_repeated(request: httpx.Request, response: httpx.Response) -> bool:
    """503 with Retry-After: nothing was recorded. 502, 504: unless it is done once however often it is sent."""
    if response.status_code == 503:
        return "retry-after" in response.headers
    return response.status_code in UNKNOWN and _harmless(request)


def _harmless(request: httpx.Request) -> bool:
    return request.method in {"GET", "HEAD"} or "idempotency-key" in request.headers

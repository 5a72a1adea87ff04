"""The address in a problem's `type` leads somewhere: a page for each refusal, for those who have to deal with it."""

import importlib
from collections.abc import Iterable
from html import escape

from litestar import MediaType, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Struct

from common.health import PUBLIC
from common.refusal import REFUSALS, NotFound

# Modules that define refusals of the platform itself, so that the list does not depend on what happens to be loaded.
COMMON = (
    *("common.refusal", "common.protocol", "common.idempotency", "common.identity", "common.tokens", "common.db"),
    *("common.decided", "common.parking_api"),
)
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    "Cache-Control": "public, max-age=3600",
}
STYLE = (
    "body{font-family:system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;line-height:1.5}"
    "table{border-collapse:collapse}th,td{text-align:left;padding:.4rem .8rem;border-bottom:1px solid #767676}"
)


class ProblemKind(Struct, frozen=True, order=True):
    """A refusal as a page and the OpenAPI document describe it."""

    code: str
    title: str
    status: int
    explanation: str = ""


def catalogue(*packages: str) -> list[ProblemKind]:
    """The refusals that these packages define."""
    return sorted(
        ProblemKind(code, kind.title, kind.status, kind.explanation)
        for code, kind in REFUSALS.items()
        if kind.__module__.split(".")[0] in packages
    )


def problems_controller(service: str, more: Iterable[ProblemKind] = ()) -> list[HTTPRouteHandler]:
    """Pages for the refusals of the platform, of this service, and of `more` (the gateway adds those of all)."""
    for module in COMMON:
        importlib.import_module(module)
    kinds = {kind.code: kind for kind in (*more, *catalogue("common", service))}

    @get("/problems", include_in_schema=False, opt=PUBLIC, sync_to_thread=False, media_type=MediaType.HTML)
    def all_problems() -> Response[str]:
        return Response(index(sorted(kinds.values())), headers=HEADERS)

    @get("/problems/{code:str}", include_in_schema=False, opt=PUBLIC, sync_to_thread=False, media_type=MediaType.HTML)
    def one_problem(code: FromPath[str]) -> Response[str]:
        if code not in kinds:
            raise NotFound("Ce code de refus n’existe pas. La liste est à l’adresse /problems.")
        return Response(page(kinds[code]), headers=HEADERS)

    return [all_problems, one_problem]


def index(kinds: Iterable[ProblemKind]) -> str:
    rows = "".join(
        f'<tr><th scope="row"><a href="/problems/{escape(kind.code)}">{escape(kind.title)}</a></th>'
        f"<td><code>{escape(kind.code)}</code></td><td>{kind.status}</td></tr>"
        for kind in kinds
    )
    return document(
        "Refus possibles",
        "<p>Quand Bassin refuse une demande, sa réponse porte le code de l’un de ces refus.</p>"
        "<table><caption>Refus, par code</caption><thead><tr>"
        '<th scope="col">Refus</th><th scope="col">Code</th><th scope="col">Statut HTTP</th>'
        f"</tr></thead><tbody>{rows}</tbody></table>",
    )


def page(kind: ProblemKind) -> str:
    explanation = f"<p>{escape(kind.explanation)}</p>" if kind.explanation else ""
    return document(
        kind.title,
        f"{explanation}<p>Code : <code>{escape(kind.code)}</code>. Statut HTTP : {kind.status}.</p>"
        "<p>La réponse reçue précise la raison (<code>detail</code>), les données à corriger (<code>errors</code>) "
        "et le numéro de trace à communiquer à l’assistance (<code>trace_id</code>).</p>"
        '<p><a href="/problems">Tous les refus</a></p>',
    )


def document(title: str, body: str) -> str:
    return (
        '<!DOCTYPE html><html lang="fr"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} - Bassin</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )

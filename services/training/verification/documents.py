"""The page of verification: HTML that needs no JavaScript and no other host, readable by a screen reader."""

import base64
import hashlib
from html import escape

from common.wording import in_words
from training.papers.domain import Kind
from training.verification.domain import Shown, Standing

STYLE = """
body{font-family:system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;line-height:1.5;color:#161616}
a{color:#000091}
a:focus,input:focus,button:focus,[tabindex]:focus{outline:3px solid #0a76f6;outline-offset:2px}
label{display:block;font-weight:bold;margin-top:1rem}
input{font:inherit;padding:.4rem .6rem;min-height:2.5rem;width:100%;max-width:22rem;box-sizing:border-box}
button{font:inherit;padding:.4rem 1rem;min-height:2.5rem;margin-top:1rem}
.said{border-left:.3rem solid #161616;padding:.2rem 1rem;margin:1rem 0}
dt{font-weight:bold;margin-top:.6rem}
dd{margin:0}
"""
DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{DIGEST}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
TITLE = "Vérification d’un document"


def page(*, number: str, code: str, answer: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="fr">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="robots" content="noindex">\n'
        f"<title>{TITLE} – Bassin</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<main>\n<h1>{TITLE}</h1>\n{answer}{form(number, code)}</main>\n</body>\n</html>\n"
    )


def form(number: str, code: str) -> str:
    return (
        '<form action="/verification" method="get">'
        "<p>Le numéro et le code figurent au bas de chaque document.</p>"
        '<label for="numero">Numéro du document <span>(par exemple 09-OM-2027-000017)</span></label>'
        f'<input id="numero" name="numero" required maxlength="40" autocomplete="off" value="{escape(number)}">'
        '<label for="code">Code de vérification</label>'
        f'<input id="code" name="code" required maxlength="40" autocomplete="off" value="{escape(code)}">'
        '<div><button type="submit">Vérifier le document</button></div></form>\n'
    )


def unknown() -> str:
    """The same words for a wrong code and for a number that does not exist."""
    return (
        '<div class="said" role="status"><h2>Document non reconnu</h2>'
        "<p>Aucun document ne porte ce numéro avec ce code. Vérifiez votre saisie ; si elle est juste, le document "
        "n’a pas été établi ici.</p></div>\n"
    )


def authentic(shown: Shown) -> str:
    said = "".join(f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>" for label, value in terms(shown))
    heading = f"<h2>Document authentique, {escape(standing(shown))}</h2>"
    return f'<div class="said" role="status">{heading}<dl>{said}</dl></div>\n'


def standing(shown: Shown) -> str:
    ended = f" le {in_words(shown.ended_on)}" if shown.ended_on is not None else ""
    feminine = shown.kind is not Kind.ORDRE_DE_MISSION and shown.standing is Standing.CANCELLED
    return f"{'annulée' if feminine else shown.standing.label}{ended}"


def terms(shown: Shown) -> list[tuple[str, str]]:
    """Nothing that the paper itself does not say."""
    known = [("Nature", shown.title or shown.kind.label), ("Numéro", shown.number)]
    known.append(("Établi le", in_words(shown.issued_on)))
    if not shown.issuer:
        return [*known, ("Contenu", "effacé au terme de sa conservation")]
    people = [("Établi par", shown.issuer), ("Personne concernée", shown.name), ("Établissement", shown.school)]
    return [*known, *people, *((line.label, line.value) for line in shown.lines)]

"""The public page: HTML that needs no JavaScript and no other host, readable by a screen reader and on paper."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from itertools import groupby
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from msgspec import Struct

from common.clock import zone_of
from common.identifiers import CodeAcademie
from common.wording import academie_label, hour, in_words
from hr_networks.calendar.domain import Bassin, SchoolYear, Slot, Tense

STYLE = """
body{font-family:system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;line-height:1.5;color:#161616}
a{color:#000091}
a:focus,select:focus,button:focus{outline:3px solid #0a76f6;outline-offset:2px}
form{display:flex;flex-wrap:wrap;gap:1rem;align-items:end;margin:1rem 0}
label{display:block;font-weight:bold}
select,button{font:inherit;padding:.4rem .6rem;min-height:2.5rem}
table{border-collapse:collapse;width:100%;margin:1rem 0}
caption{text-align:left;font-weight:bold;padding:.4rem 0}
th,td{text-align:left;vertical-align:top;padding:.4rem .8rem;border-bottom:1px solid #666}
@media (max-width:40rem){thead{display:none}tr,th,td{display:block;border:0;padding:.1rem 0}
tr{border-bottom:1px solid #666;padding:.6rem 0}}
@media print{form,nav{display:none}body{max-width:none;margin:0}tr{break-inside:avoid}a{color:inherit}}
"""
DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{DIGEST}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


class Choice(Struct, frozen=True, kw_only=True):
    """What the reader chose, among what there is to choose from."""

    academies: Sequence[CodeAcademie]
    bassins: Sequence[Bassin]
    academie: str = ""
    bassin: str = ""

    @property
    def query(self) -> str:
        chosen = {name: value for name, value in (("academie", self.academie), ("bassin", self.bassin)) if value}
        return f"?{urlencode(chosen)}" if chosen else ""


def page(choice: Choice, slots: Mapping[Tense, Sequence[Slot]], year: SchoolYear) -> str:
    title = f"Réunions d’échange de pratiques {year.label}"
    tables = "".join(section(tense, slots[tense]) for tense in Tense)
    feed = escape(f"/calendrier.ics{choice.query}")
    return (
        '<!DOCTYPE html>\n<html lang="fr">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title} – Formation des personnels – Bassin</title>\n"
        f'<link rel="alternate" type="text/calendar" href="{feed}">\n<style>{STYLE}</style>\n</head>\n<body>\n'
        '<nav aria-label="Accès rapide"><a href="#reunions">Aller aux réunions</a></nav>\n'
        f"<main>\n<h1>{title}</h1>\n<p>Formation des personnels : les réunions des bassins, telles que leurs "
        "animateurs les ont arrêtées.</p>\n"
        f'{form(choice)}\n<div id="reunions">{tables}</div>\n'
        f'<p><a href="{feed}">Ce calendrier pour un agenda (iCalendar)</a></p>\n</main>\n</body>\n</html>\n'
    )


def form(choice: Choice) -> str:
    academies = "".join(option(code, academie_label(code), choice.academie) for code in choice.academies)
    groups = "".join(
        f'<optgroup label="{escape(academie_label(code))}">'
        + "".join(option(each.code, f"{each.name} ({each.code})", choice.bassin) for each in members)
        + "</optgroup>"
        for code, members in groupby(choice.bassins, key=lambda bassin: bassin.academie)
    )
    return (
        '<form action="/calendrier" method="get">'
        '<div><label for="academie">Académie</label><select id="academie" name="academie">'
        f"{option('', 'Toutes', choice.academie)}{academies}</select></div>"
        '<div><label for="bassin">Bassin</label><select id="bassin" name="bassin">'
        f"{option('', 'Tous', choice.bassin)}{groups}</select></div>"
        '<div><button type="submit">Afficher les réunions</button></div></form>'
    )


def option(value: str, label: str, chosen: str) -> str:
    selected = " selected" if value == chosen else ""
    return f'<option value="{escape(value)}"{selected}>{escape(label)}</option>'


def section(tense: Tense, slots: Sequence[Slot]) -> str:
    heading = f"<h2>Réunions {tense.label}</h2>"
    if not slots:
        return f"{heading}<p>Aucune réunion.</p>"
    order = "la plus proche en premier" if tense is Tense.COMING else "la plus récente en premier"
    columns = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
    return (
        f"{heading}<table><caption>Réunions {tense.label} : {len(slots)}, {order}</caption>"
        f"<thead><tr>{columns}</tr></thead><tbody>{''.join(map(line, slots))}</tbody></table>"
    )


COLUMNS = ("Date", "Horaire", "Bassin", "Lieu", "Personnels conviés", "État")


def line(slot: Slot) -> str:
    zone = ZoneInfo(zone_of(slot.academie))
    start, end = slot.starts_at.astimezone(zone), slot.ends_at.astimezone(zone)
    where = f"{slot.bassin_name or slot.bassin}, {academie_label(slot.academie)}"
    return (
        f'<tr><th scope="row"><time datetime="{start:%Y-%m-%d}">{in_words(start.date())}</time></th>'
        f"<td>{timed(start)} – {timed(end)}</td><td>{escape(where)}</td><td>{escape(slot.place)}</td>"
        f"<td>{escape(slot.function)}</td><td>{slot.status.label}</td></tr>"
    )


def timed(at: datetime) -> str:
    return f'<time datetime="{at.isoformat(timespec="minutes")}">{hour(at)}</time>'

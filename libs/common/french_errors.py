"""msgspec's messages for people who do not read English; the codes beside them are stable."""

import re

from common.identifiers import InvalidIdentifier

TYPES = {
    "int": "un nombre entier",
    "float": "un nombre",
    "str": "un texte",
    "bool": "vrai ou faux",
    "array": "une liste",
    "object": "un objet",
    "null": "rien (null)",
    "bytes": "un texte en base64",
    "datetime": "une date et heure",
    "date": "une date",
    "time": "une heure",
    "uuid": "un UUID",
    "decimal": "un nombre décimal",
}
MESSAGES: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern), code, french)
    for pattern, code, french in (
        (r"Object missing required field `(.+)`", "missing", "Ce champ est obligatoire"),
        (r"Object contains unknown field `(.+)`", "unknown-field", "Ce champ n’existe pas"),
        (r"Missing required \w+ parameter", "missing", "Ce paramètre est obligatoire"),
        (r"Expected `str` of length >= (\d+)", "length", "Au moins {0} caractère(s) attendu(s)"),
        (r"Expected `str` of length <= (\d+)", "length", "Au plus {0} caractère(s) attendu(s)"),
        (r"Expected `\w+` of (?:length >=|at least length) (\d+)", "length", "Au moins {0} élément(s) attendu(s)"),
        (r"Expected `\w+` of (?:length <=|at most length) (\d+)", "length", "Au plus {0} élément(s) attendu(s)"),
        (r"Expected `array` of length (\d+)", "length", "Une liste de {0} élément(s) est attendue"),
        (r"Expected `\w+` >= (\S+)", "range", "La valeur doit être supérieure ou égale à {0}"),
        (r"Expected `\w+` <= (\S+)", "range", "La valeur doit être inférieure ou égale à {0}"),
        (r"Expected `\w+` > (\S+)", "range", "La valeur doit être supérieure à {0}"),
        (r"Expected `\w+` < (\S+)", "range", "La valeur doit être inférieure à {0}"),
        (r"Expected `\w+` that's a multiple of (\S+)", "range", "La valeur doit être un multiple de {0}"),
        (r"(?:Integer value|Number) out of range", "range", "Ce nombre est trop grand"),
        (r"Expected `str` matching regex", "pattern", "Ce texte n’a pas la forme attendue"),
        (r"Expected `\w+` with a timezone component", "timezone", "Le fuseau horaire est obligatoire"),
        (r"Expected `\w+` with no timezone component", "timezone", "Aucun fuseau horaire n’est attendu"),
        (r"Invalid UUID", "uuid", "Un UUID est attendu, comme 2e0c88f0-6057-5227-8006-f5ee3909ef5e"),
        (r"Invalid RFC3339 encoded datetime", "datetime", "Une date et heure est attendue, comme 2026-11-20T18:00:00Z"),
        (r"Invalid RFC3339 encoded date", "date", "Une date existante est attendue, comme 2026-11-20"),
        (r"Invalid RFC3339 encoded time", "time", "Une heure est attendue, comme 18:00:00"),
        (r"Invalid ISO8601 duration", "duration", "Une durée est attendue, comme PT2H"),
        (r"Invalid base64 encoded string", "base64", "Un texte en base64 est attendu"),
        (r"Invalid decimal string", "decimal", "Un nombre décimal est attendu"),
        (r"Invalid epoch timestamp", "datetime", "Une date et heure est attendue"),
        (r"Invalid (?:enum )?value", "enum", "Cette valeur n’est pas dans la liste permise"),
    )
)
EXPECTED = re.compile(r"Expected `([^`]+)`(?:, got `[^`]+`)?")
OURS = re.compile(r"\[([a-z-]+)\] (.+)")  # an InvalidIdentifier on its way through Litestar, which keeps only texts
PATH = re.compile(r" - at `([^`]*)`$")


def in_french(said: str, cause: BaseException | None = None) -> tuple[str, str]:
    """(code, French text) of a msgspec message, without the value that was sent."""
    if isinstance(cause, InvalidIdentifier):
        return cause.code, str(cause)
    text = PATH.sub("", said)
    if ours := OURS.match(text):
        return ours[1], ours[2]
    for pattern, code, french in MESSAGES:
        if match := pattern.match(text):
            return code, french.format(*match.groups())
    if match := EXPECTED.match(text):
        kinds = [TYPES.get(kind.strip(), "une autre valeur") for kind in match[1].split("|")]
        return "type", f"{' ou '.join(dict.fromkeys(kinds))} est attendu".capitalize()
    return "invalid", text if cause is not None else "Cette valeur n’est pas valide"

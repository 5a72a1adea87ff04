"""Identifiers as types that cannot hold a wrong value; without them each service would check a UAI its own way."""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, NoReturn, Self
from uuid import UUID, uuid5

BASSIN = UUID("d5b2f7c4-6a1e-5f0b-9c37-0b8a4e1f2d63")  # namespace of derived ids: never changes
LA_POSTE = "356000000"
SPREADSHEET_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+|[0-9]+[.,]0*")  # 2,17003E+13 or 59350.0


class InvalidIdentifier(ValueError):
    """Not a value of this type. The message is French and never quotes the value: it may be somebody's secret."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Identifier(str):
    """Text that was checked when it was made."""

    __slots__ = ()
    code: ClassVar[str]
    label: ClassVar[str]  # French, with its article: « le code … »
    pattern: ClassVar[str]
    example: ClassVar[str]
    digits: ClassVar[int]  # the length of a whole value, to recognise zeros that a spreadsheet dropped
    _shape: ClassVar[re.Pattern[str]]

    def __init_subclass__(cls) -> None:
        cls._shape = re.compile(cls.pattern)

    def __new__(cls, text: str) -> Self:
        if cls._shape.fullmatch(text) is None:
            raise cls.explain(text)
        cls.verify(text)
        return super().__new__(cls, text)

    @classmethod
    def verify(cls, text: str) -> None:
        """Check what the pattern cannot say."""

    @classmethod
    def mend(cls, text: str) -> tuple[Self, bool]:
        """Accept what people and files write; True says that the value was altered beyond surrounding spaces."""
        stripped = text.strip()
        upper = stripped.upper()
        return cls(upper), upper != stripped

    @classmethod
    def explain(cls, text: str) -> InvalidIdentifier:
        if SPREADSHEET_NUMBER.fullmatch(text):
            return InvalidIdentifier("spreadsheet-number", f"{cls.label} a été transformé en nombre par un tableur")
        if 0 < len(text) < cls.digits and cls.is_valid(text.zfill(cls.digits)):
            return InvalidIdentifier("spreadsheet-zeros", f"{cls.label} a perdu ses zéros de tête dans un tableur")
        return InvalidIdentifier(f"invalid-{cls.code}", f"{cls.label} n’a pas la forme attendue, comme {cls.example}")

    @classmethod
    def is_valid(cls, text: str) -> bool:
        try:
            return bool(cls(text))
        except InvalidIdentifier:
            return False


class CodeAcademie(Identifier):
    __slots__ = ()
    code, label, example, digits = "academie", "Le code académie", "09", 2
    pattern = r"[0-9]{2}"


class CodeDepartement(Identifier):
    __slots__ = ()
    code, label, example, digits = "departement", "Le code département", "59", 2
    pattern = r"0[1-9]|1[0-9]|2[1-9AB]|[3-8][0-9]|9[0-5]|97[1-8]|98[4-9]"

    @classmethod
    def mend(cls, text: str) -> tuple[Self, bool]:
        """Official files write 059 and 02A for 59 and 2A: the same code, hence no warning."""
        stripped = text.strip()
        return super().mend(stripped[1:] if len(stripped) == 3 and stripped.startswith("0") else stripped)


class CodeBassin(Identifier):
    """A bassin de formation: académie + 3 digits."""

    __slots__ = ()
    code, label, example, digits = "bassin", "Le code bassin", "09101", 5
    pattern = r"[0-9]{5}"

    @property
    def academie(self) -> CodeAcademie:
        return CodeAcademie(self[:2])


class CommuneInsee(Identifier):
    __slots__ = ()
    code, label, example, digits = "commune", "Le code commune INSEE", "59350", 5
    pattern = r"(?:[0-9]{2}|2A|2B)[0-9]{3}"

    @property
    def departement(self) -> CodeDepartement:
        return CodeDepartement(self[:3] if self.startswith(("97", "98")) else self[:2])


class Oid(Identifier):
    """Organisation identifier of Erasmus+, since 22 October 2019."""

    __slots__ = ()
    code, label, example, digits = "oid", "L’identifiant d’organisation (OID)", "E12345678", 9
    pattern = r"E[0-9]{8}"


class Siret(Identifier):
    """14 digits. A wrong Luhn key is only a warning: 6 of 7,554 in the official directory have one."""

    __slots__ = ()
    code, label, example, digits = "siret", "Le SIRET", "21590350100017", 14
    pattern = r"[0-9]{14}"

    @classmethod
    def mend(cls, text: str) -> tuple[Self, bool]:
        """People write it in groups: 215 903 501 00017."""
        return super().mend(re.sub(r"\s", "", text))


class Uai(Identifier):
    """The registered number of a school or an office (formerly RNE): 7 digits and their checksum letter."""

    __slots__ = ()
    code, label, example, digits = "uai", "L’UAI", "0590318A", 8
    pattern = r"[0-9]{7}[A-HJ-NPR-Z]"
    LETTERS: ClassVar[str] = "ABCDEFGHJKLMNPRSTUVWXYZ"  # no I, O, Q; checked on 51,201 real codes
    PREFIXES: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType(
        {
            "620": ("2A",),
            "720": ("2B",),
            "971": ("971", "977", "978"),
            "983": ("988",),
            "984": ("987",),
            "987": ("986",),
        }
    )

    @classmethod
    def verify(cls, text: str) -> None:
        if text[7] != cls.LETTERS[int(text[:7]) % 23]:
            raise InvalidIdentifier("uai-checksum", "La lettre de l’UAI ne correspond pas à ses chiffres")

    @property
    def departements(self) -> tuple[CodeDepartement, ...]:
        """Where its first three digits place it; 971 also numbers Saint-Barthélemy and Saint-Martin."""
        return tuple(CodeDepartement(code) for code in self.PREFIXES.get(self[:3], (self[:3].removeprefix("0"),)))

    @property
    def departement(self) -> CodeDepartement:
        return self.departements[0]


def siret_warning(siret: Siret) -> str | None:
    """Say what is odd about a SIRET that is accepted all the same."""
    if luhn(siret) or (siret.startswith(LA_POSTE) and sum(map(int, siret)) % 5 == 0):
        return None
    return "La clé de contrôle du SIRET est fausse"


def luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    return (sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10 == 0


def school_id(uai: Uai) -> UUID:
    return uuid5(BASSIN, f"uai:{uai}")


def bassin_id(code: CodeBassin) -> UUID:
    return uuid5(BASSIN, f"bassin:{code}")


class Numen:
    """A teacher's confidential number: it can be read from a request and digested, and nothing shows it."""

    __slots__ = ("__text",)
    pattern: ClassVar[str] = r"[0-9]{2}[A-Z][0-9]{7}[A-Z]{3}"

    def __init__(self, text: str) -> None:
        if not re.fullmatch(self.pattern, text):
            raise InvalidIdentifier("invalid-numen", "Le NUMEN n’a pas la forme attendue (13 caractères)")
        self.__text = text

    def digest(self, key: bytes) -> bytes:
        if len(key) < 32:
            raise ValueError("the key of NUMEN digests needs 32 bytes: a NUMEN can be guessed, the key must not be")
        return hmac.digest(key, self.__text.encode(), hashlib.sha256)

    def __repr__(self) -> str:
        return "Numen(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a NUMEN is never stored or sent")


def numen_digest(numen: Numen | str, key: bytes) -> bytes:
    """The only form in which a NUMEN may be kept: HMAC-SHA256 under the platform's key."""
    return (numen if isinstance(numen, Numen) else Numen(numen)).digest(key)


IDENTIFIERS: tuple[type[Identifier], ...] = (Uai, CodeAcademie, CodeBassin, CommuneInsee, CodeDepartement, Siret, Oid)
DECODERS: Mapping[type, Callable[[Any], object]] = MappingProxyType({t: t for t in (*IDENTIFIERS, Numen)})


def dec_hook(kind: type, value: object) -> object:
    """For msgspec: read our types from JSON text."""
    if not issubclass(kind, (Identifier, Numen)):
        raise NotImplementedError(f"no decoder for {kind.__qualname__}")
    if not isinstance(value, str):
        raise InvalidIdentifier("type", "Un texte est attendu")
    return kind(value)


def enc_hook(value: object) -> str:
    """For msgspec: write our types as JSON text. A NUMEN has no such form."""
    if isinstance(value, Identifier):
        return str.__str__(value)
    raise NotImplementedError(f"no encoder for {type(value).__qualname__}")


def schema_hook(kind: type) -> dict[str, Any]:
    """For msgspec: describe our types in JSON Schema."""
    if issubclass(kind, Identifier):
        return {"type": "string", "pattern": f"^(?:{kind.pattern})$", "examples": [kind.example]}
    if issubclass(kind, Numen):
        return {"type": "string", "pattern": f"^{kind.pattern}$", "writeOnly": True}
    raise NotImplementedError(f"no schema for {kind.__qualname__}")

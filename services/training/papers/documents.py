"""A paper as it is printed: its content, and from that alone a tagged PDF whose bytes depend on nothing else."""

import asyncio
import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from uuid import UUID

import msgspec
from msgspec import Struct

from common.identifiers import enc_hook
from common.wording import academie_label, in_words
from training.papers.domain import Counter, Draft, Given, Kind, Number, Occasion, Stated, Text, code_of

TEMPLATE = Path(__file__).with_name("paper.typ")
TEMPLATE_VERSION = 1  # raised with each change of the template
VERIFICATION = "/verification"
PRINTER = ThreadPoolExecutor(1, "printer")  # typst keeps its fonts and its cache for each thread


class Content(Struct, frozen=True, kw_only=True):
    """All that stands on a paper, and nothing that does not."""

    title: str
    number: str
    code: str
    issuer: str
    issued_on: date
    issued_in_words: str
    name: str
    school: str
    lines: tuple[Stated, ...]
    paragraphs: tuple[str, ...]
    verification: str  # the address of the page
    occasion: Occasion | None = None  # for an agenda


class Printed(Struct, frozen=True, kw_only=True):
    """A paper with its number and its bytes, to be written."""

    draft: Draft
    number: Number
    code: str
    content: Content
    pdf: bytes

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.pdf).digest()


def office_of(academie: str) -> str:
    """« Responsable académique de la formation », letter of 26 October 2007."""
    return f"{academie_label(academie)} – service académique de la formation"


def written(draft: Draft, number: Number, code: str, *, counter: Counter, api: str) -> Content:
    return Content(
        title=draft.text.title,
        number=str(number),
        code=code,
        issuer=draft.text.issuer,
        issued_on=counter.today,
        issued_in_words=in_words(counter.today),
        name=draft.recipient.name,
        school=f"{draft.recipient.school} ({draft.recipient.uai})" if draft.recipient.school else draft.recipient.uai,
        lines=draft.text.lines,
        paragraphs=draft.text.paragraphs,
        verification=f"{api}{VERIFICATION}",
        occasion=draft.text.occasion,
    )


def cancellation(given: Given, kind: Kind, *, subject: UUID, paper: UUID, reason: str, silent: bool = False) -> Draft:
    """The paper that says of another one that it has no effect any more."""
    text = given.text or Text(title=kind.label.capitalize(), issuer="", lines=())
    return Draft(
        id=paper,
        recipient=given.recipient,
        subject=subject,
        text=Text(
            title=f"Annulation – {text.title}",
            issuer=text.issuer,
            lines=(Stated("Document annulé", f"n° {given.number}"), Stated("Motif", reason), *text.lines),
            paragraphs=("Le document désigné ci-dessus est annulé et ne produit plus d’effet.",),
            occasion=text.occasion,
        ),
        granted=given.granted,
        sequence=given.sequence,
        cancels=given.id,
        silent=silent,
    )


async def printed(drafts: Sequence[Draft], counter: Counter, drawn: Sequence[bytes], *, api: str) -> list[Printed]:
    """Numbered in their order; `drawn` holds the random bits of each code."""
    contents = [
        (draft, number, written(draft, number, code_of(bits), counter=counter, api=api))
        for draft, number, bits in zip(drafts, map(counter.number, range(len(drafts))), drawn, strict=True)
    ]
    printing = asyncio.get_running_loop().run_in_executor
    pdfs = await printing(PRINTER, lambda: [pdf_of(content) for _, _, content in contents])
    return [
        Printed(draft=draft, number=number, code=content.code, content=content, pdf=pdf)
        for (draft, number, content), pdf in zip(contents, pdfs, strict=True)
    ]


def pdf_of(content: Content) -> bytes:
    """PDF/UA-1: tagged, titled, in French; the fonts are those of the wheel, the date is the paper's."""
    import typst  # noqa: PLC0415 - 30 MB, which only whoever prints waits for

    day = content.issued_on
    return typst.compile(
        TEMPLATE.read_bytes(),
        sys_inputs={"paper": encoded(content)},
        pdf_standards=["ua-1"],
        ignore_system_fonts=True,
        timestamp=int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()),
    )


def encoded(content: Content) -> str:
    return msgspec.json.encode(content, enc_hook=enc_hook).decode()


def typst_version() -> str:
    return version("typst")

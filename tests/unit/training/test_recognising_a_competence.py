"""« Reconnaissance des compétences acquises »: both modules and the meeting, then an attestation anybody verifies."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from joserfc import jws
from joserfc.jwk import ECKey
from tests.unit.training.gathered import counter, ids, paper, progress, recipient
from tests.unit.training.made import MODULES, OFFER, candidature

from common.identifiers import CodeAcademie
from common.signing_keys import SigningKeys, create_keys, rotate_keys
from training.candidatures.domain import Status
from training.convocations.domain import Progress
from training.papers.domain import Kind, PaperAlreadyCancelled
from training.recognition.documents import attestation, believed, drafts, signed
from training.recognition.domain import (
    AlreadyRecognised,
    Certificate,
    Lacking,
    NotYetAcquired,
    Sheet,
    lacking,
    recognise_all,
    recognise_one,
    revoke,
)

COMPLETE = progress(1, Status.PRESENT, 1, 2, met=True)
ISSUED = datetime(2008, 4, 9, 9, tzinfo=UTC)


def sheet(*those: Progress, **changes: Any) -> Sheet:
    said = {
        "academie": CodeAcademie("09"), "offer": OFFER, "title": "Animer", "year": "2007-2008", "modules": MODULES,
        "counter": counter(Kind.ATTESTATION), "those": those, "papers": {},
    }  # fmt: skip
    return Sheet(**{**said, **changes})


@pytest.mark.item(139)
@pytest.mark.parametrize(
    ("half_way", "why"),
    [
        (progress(1, Status.PRESENT, 2, met=True), Lacking.MODULE),
        (progress(1, Status.PRESENT, 1, met=True), Lacking.MODULE),
        (progress(1, Status.PRESENT, 1, 2), Lacking.MEETING),
        (progress(1, Status.PRESENT, 1, 2, met=True, recipient=recipient(1, name="")), Lacking.NAME),
        (progress(1, Status.ABSENT, 1, 2, met=True), Lacking.STATE),
        (COMPLETE, None),
    ],
)
def test_it_takes_each_module_the_meeting_and_a_name(half_way: Progress, why: Lacking | None) -> None:
    assert lacking(half_way, MODULES) is why


def test_an_offer_without_a_meeting_asks_for_none() -> None:
    assert lacking(progress(1, Status.PRESENT, 1), MODULES[:1]) is None


def test_all_who_have_what_it_takes_are_recognised_and_of_the_others_it_is_said_why() -> None:
    recognising = recognise_all(sheet(COMPLETE, progress(2, Status.PRESENT, 1, 2)), ids())

    assert [each.person for each in recognising.events] == [COMPLETE.recipient.person]
    assert recognising.passing == {COMPLETE.candidature.id: Status.RECOGNISED}
    assert recognising.lacking == {recipient(2).person: Lacking.MEETING}


def test_whoever_is_recognised_is_not_recognised_again() -> None:
    known = {COMPLETE.candidature.id: Certificate(id=UUID(int=7), number="09-AC-2008-000001")}

    assert recognise_all(sheet(COMPLETE, papers=known), ids()).events == []
    with pytest.raises(AlreadyRecognised):
        recognise_one(sheet(COMPLETE, papers=known), ids())


def test_nobody_is_recognised_half_way() -> None:
    with pytest.raises(NotYetAcquired, match="Réunion"):
        recognise_one(sheet(progress(1, Status.PRESENT, 1, 2)), ids())


def test_what_is_revoked_leaves_the_attendance() -> None:
    told, status = revoke(paper(1), candidature(1, Status.RECOGNISED))

    assert (told.subject, told.person, status) == (paper(1).id, recipient(1).person, Status.PRESENT)
    with pytest.raises(PaperAlreadyCancelled):
        revoke(paper(1, in_force=False), candidature(1, Status.RECOGNISED))


def test_an_attestation_is_about_the_candidature_and_names_the_whole_path() -> None:
    (draft,) = drafts(sheet(COMPLETE), recognise_all(sheet(COMPLETE), ids()).events)

    assert (draft.subject, draft.recipient) == (COMPLETE.candidature.id, COMPLETE.recipient)
    assert [line.value for line in draft.text.lines] == [
        "Animer", "2007-2008", "méthodologique ; suivi et supervision", "réunion d’échange de pratiques du bassin",
    ]  # fmt: skip
    assert "Mise en œuvre" not in {line.label for line in attestation(sheet(modules=MODULES[:1])).lines}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    create_keys(tmp_path / "keys.json")
    return tmp_path / "keys.json"


def token(key: ECKey) -> str:
    return signed(key, person=UUID(int=1), number="09-AC-2008-000001", sha256="ab", issued_at=ISSUED,
                  issuer="https://bassin.example")  # fmt: skip


@pytest.mark.item(139)
def test_what_a_former_key_signed_is_believed_for_ever(file: Path) -> None:
    link = token(SigningKeys(file).current())

    for _ in range(4):
        rotate_keys(file, keep_all=True)

    credential = believed(link, SigningKeys(file).published())
    assert credential is not None
    assert (credential.subject.paper, credential.subject.sha256) == ("09-AC-2008-000001", "ab")
    assert (credential.issuer, credential.valid_from) == ("https://bassin.example", ISSUED)


@pytest.mark.item(139)
def test_nothing_else_is_believed(file: Path, tmp_path: Path) -> None:
    create_keys(tmp_path / "strange.json")
    published, key = SigningKeys(file).published(), SigningKeys(file).current()
    head, _, signature = token(key).split(".")
    ours = jws.extract_compact(token(key).encode()).payload or b""
    other = msgspec.json.encode({"credentialSubject": {"id": "urn:uuid:1", "paper": "09-AC-2008-000002"}})

    def under(typ: str, kid: str | None, payload: bytes) -> str:
        return jws.serialize_compact({"alg": "ES256", "typ": typ, "kid": kid}, payload, key)

    assert believed(under("vc+jwt", key.kid, ours), published) is not None

    for forged in (
        token(SigningKeys(tmp_path / "strange.json").current()),
        f"{head}.{token(SigningKeys(tmp_path / 'strange.json').current()).split('.')[1]}x.{signature}",
        under("JWT", key.kid, ours),
        under("vc+jwt", "unknown", ours),
        under("vc+jwt", key.kid, other),
        "eyJhbGciOiJub25lIn0.e30.",
        "a.b.c",
        "é",
        "",
    ):
        assert believed(forged, published) is None, forged


def test_without_keys_nothing_is_believed(file: Path) -> None:
    assert believed(token(SigningKeys(file).current()), b'{"keys":[]}') is None

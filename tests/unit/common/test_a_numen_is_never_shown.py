"""The NUMEN is confidential: it is read, digested under a key, and appears nowhere."""

import pickle

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.identifiers import InvalidIdentifier, Numen, dec_hook, enc_hook, numen_digest, schema_hook

KEY = b"k" * 32
numens = st.from_regex(Numen.pattern, fullmatch=True)


class Wish(msgspec.Struct, frozen=True):
    numen: Numen


@given(numens)
def test_no_text_form_of_a_numen_holds_it(text: str) -> None:
    wish = msgspec.json.decode(msgspec.json.encode({"numen": text}), type=Wish, dec_hook=dec_hook)

    for shown in (repr(wish), str(wish.numen), f"{wish.numen}", f"{wish.numen!r}", "%s" % (wish.numen,)):  # noqa: UP031  every way of formatting
        assert text not in shown


def test_a_numen_is_neither_encoded_nor_pickled() -> None:
    with pytest.raises(NotImplementedError):
        msgspec.json.encode(Wish(Numen("01E9501234ABC")), enc_hook=enc_hook)
    with pytest.raises(TypeError):
        pickle.dumps(Numen("01E9501234ABC"))


def test_the_digest_depends_on_the_key_and_on_nothing_else() -> None:
    digest = numen_digest("01E9501234ABC", KEY)

    assert digest == numen_digest(Numen("01E9501234ABC"), KEY)
    assert digest != numen_digest("01E9501234ABC", b"l" * 32)
    assert digest != numen_digest("01E9501234ABD", KEY)
    assert len(digest) == 32


def test_a_key_that_could_be_guessed_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        numen_digest("01E9501234ABC", b"short")


@pytest.mark.parametrize("text", ["01e9501234abc", "01E95012345ABC", "", "A1E9501234ABC"])
def test_what_is_not_a_numen_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(InvalidIdentifier) as caught:
        Numen(text)

    assert caught.value.code == "invalid-numen"
    assert not text or text not in str(caught.value)


def test_the_schema_says_that_a_numen_is_only_ever_written() -> None:
    assert msgspec.json.schema(Numen, schema_hook=schema_hook)["writeOnly"] is True

"""The committed file of communes that became part of others."""

import io

from common import communes
from territory.imports import successors


def test_the_committed_file_is_what_it_was_extracted_to() -> None:
    text = successors.COMMITTED.read_text("utf-8")

    assert communes.written(communes.extract(io.BytesIO(text.encode()))) == text
    assert successors.committed()["59070"].code == "59006"

"""Files of any length, written page by page as the database is read: 65,000 lines are never held at once."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence

from common.exports import DIALECTS, Dialect, Profil, Row


async def csv_pages(header: Row, pages: AsyncIterator[Sequence[Row]], profil: Profil) -> AsyncIterator[bytes]:
    dialect = DIALECTS[profil]
    yield dialect.start + encoded([header], dialect)
    async for page in pages:
        yield encoded(page, dialect)


def encoded(rows: Iterable[Row], dialect: Dialect) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=dialect.delimiter, lineterminator="\r\n")
    writer.writerows([dialect.cell(cell) for cell in row] for row in rows)
    return text.getvalue().encode()

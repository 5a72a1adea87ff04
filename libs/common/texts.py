"""Free text as a request may hold it: what PostgreSQL, a mail header and a spreadsheet accept."""

from typing import Annotated

from msgspec import Meta

# One line, not blank; several lines, not blank either; several lines that may be empty.
Line = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*(?![\s\S])")]
Lines = Annotated[str, Meta(max_length=20_000, pattern=r"^(?=[\s\S]*\S)[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+(?![\s\S])")]
Notes = Annotated[str, Meta(max_length=20_000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*(?![\s\S])")]

"""The headers that several routes of payroll read."""

from typing import Annotated, TypeAlias

from litestar.params import HeaderParameter

IfMatch: TypeAlias = Annotated[
    str | None, HeaderParameter(name="If-Match", description="L’ETag lu avec l’objet à modifier.")
]

"""Fetch Kafka and PostgreSQL before they are needed, with a bar on a terminal: `python -m common.local.fetch`."""

import os
import sys
from collections.abc import Sequence

from common.local.parts import Part, fetch, kafka_parts, missing, postgres_part
from common.local.trouble import Trouble


def fetch_with_progress(parts: Sequence[Part], what: str) -> None:
    absent = missing(parts)
    if not absent:
        return
    size = sum(part.size for part in absent)
    if not sys.stderr.isatty():
        print(f"fetching {what}, {size / 1e6:.0f} MB", file=sys.stderr)
        fetch(absent)
        return
    from rich.console import Console  # noqa: PLC0415 - 0.1 s, for the first run only
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(f"fetching {what}", total=size)
        fetch(absent, lambda count: progress.advance(bar, count))


def main() -> int:
    try:
        if "BASSIN_KAFKA" not in os.environ:
            fetch_with_progress(kafka_parts(), "Apache Kafka")
        if "BASSIN_ADMIN_DATABASE_URL" not in os.environ:
            fetch_with_progress([postgres_part()], "PostgreSQL")
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return trouble.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())

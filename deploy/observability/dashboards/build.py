"""Write the dashboards that Grafana is given: `python -m deploy.observability.dashboards.build`; a test compares."""

from pathlib import Path

from deploy.observability.dashboards import academies, overall, service
from deploy.observability.dashboards.panels import Board, built
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from common.service import services

PLACE = Path(__file__).resolve().parents[1] / "grafana" / "dashboards"


def boards() -> list[Board]:
    return [overall.BOARD, academies.BOARD, *(service.of(name) for name in ("gateway", *sorted(services())))]


def files() -> dict[Path, str]:
    encoder = JSONEncoder(sort_keys=True, indent=1, ensure_ascii=False)
    return {PLACE / f"{board.uid}.json": f"{encoder.encode(built(board))}\n" for board in boards()}


if __name__ == "__main__":
    PLACE.mkdir(parents=True, exist_ok=True)
    wanted = files()
    for stale in set(PLACE.glob("*.json")) - wanted.keys():
        stale.unlink()
    for file, text in wanted.items():
        file.write_text(text, "utf-8")

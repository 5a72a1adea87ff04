"""Bars on a line of time, as SVG that reads in a browser, light or dark."""

from collections.abc import Iterator, Sequence
from html import escape

from msgspec import Struct

WIDTH, LEFT, ROW, TOP = 900, 300, 30, 50
FULL = WIDTH - LEFT - 70  # of the line of time
FONT = 'font-family="sans-serif"'
MIDDLE = 'text-anchor="middle" fill="#3a3a3a"'
COLOURS = ("#000091", "#6a6af4", "#009081", "#009081", "#c08c65", "#a558a0", "#009081")


class Hop(Struct, frozen=True):
    """In ms from the beginning."""

    name: str
    begun: float
    ended: float


def draw(title: str, hops: Sequence[Hop]) -> str:
    last = max(hop.ended for hop in hops)
    height = TOP + ROW * len(hops) + 30
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" {FONT}>',
            f"<title>{escape(title)}</title>",
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            f'<text x="10" y="24" font-size="16" font-weight="bold" fill="#161616">{escape(title)}</text>',
            *axis(last, height),
            *bars(hops, FULL / last),
            "</svg>\n",
        ]
    )


def bars(hops: Sequence[Hop], scale: float) -> Iterator[str]:
    for place, hop in enumerate(hops):
        y, x = TOP + ROW * place, LEFT + hop.begun * scale
        width = max((hop.ended - hop.begun) * scale, 1.5)
        colour, took = COLOURS[place % len(COLOURS)], f"{hop.ended - hop.begun:.1f}"
        yield f'<text x="10" y="{y + 16}" font-size="13" fill="#161616">{escape(hop.name)}</text>'
        yield f'<rect x="{x:.1f}" y="{y + 3}" width="{width:.1f}" height="18" fill="{colour}"/>'
        yield f'<text x="{x + width + 5:.1f}" y="{y + 16}" font-size="12" fill="#161616">{took}</text>'


def axis(last: float, height: int) -> Iterator[str]:
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000) if last / s <= 12)
    for number in range(int(last / step) + 1):
        x = LEFT + number * step * FULL / last
        yield f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{height - 26}" stroke="#dddddd"/>'
        yield f'<text x="{x:.1f}" y="{height - 10}" font-size="12" {MIDDLE}>{number * step}</text>'

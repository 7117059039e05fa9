"""A page of HTML in one file: no scripts, and nothing from elsewhere, which its first lines forbid."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape as markup

from netdsl.errors import NetError, escape

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
STYLE = """
body { font: 15px/1.5 Helvetica, Arial, 'Liberation Sans', sans-serif; color: #1f2933; margin: 2em auto;
  max-width: 960px; padding: 0 1em; background: #fff; }
h1 { font-size: 1.6em; margin-bottom: 0.2em; }
h2 { font-size: 1.15em; margin-top: 2em; border-bottom: 1px solid #e4e7eb; padding-bottom: 0.2em; }
p.soft, figcaption { color: #5f6b7a; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: 0.15em 1.2em 0.15em 0; vertical-align: top; font-weight: normal; }
th { color: #5f6b7a; }
td { overflow-wrap: anywhere; }
td.number, th.number { text-align: right; }
pre { background: #f4f6f9; padding: 0.8em 1em; white-space: pre-wrap; overflow-wrap: anywhere; }
.row { display: flex; flex-wrap: wrap; gap: 12px; align-items: flex-start; }
.wide { overflow-x: auto; }
figure { margin: 0; width: 104px; }
figure.three { width: 304px; }
figcaption { font-size: 12px; line-height: 1.3; overflow-wrap: anywhere; }
img { image-rendering: pixelated; border: 1px solid #e4e7eb; }
svg { max-width: 100%; height: auto; }
"""


class NotShown(Exception):
    """Why there is nothing to show, as a sentence."""


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it, as HTML."""

    heading: str
    content: str


def section(heading: str, make: Callable[[], str]) -> Section:
    """What `make` gives, or the sentence that says why it cannot be shown: one part must not cost the others."""
    try:
        return Section(heading, make())
    except Exception as error:  # a page about a finished training is written whatever is wrong with one part of it
        return left_out(heading, error)


def left_out(heading: str, error: Exception) -> Section:
    """The sentence that stands in place of a part."""
    words = f"Left out: {type(error).__name__}: {error}"
    if isinstance(error, NotShown):
        words = str(error)
    elif isinstance(error, NetError):
        words = f"Left out: {error.diagnostics[0].message}."
    return Section(heading, f'<p class="soft">{markup(escape(words))}</p>')


def page(title: str, subtitle: str, sections: Iterable[Section]) -> str:
    """The text of an HTML file; `title` and `subtitle` are plain text."""
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{markup(escape(title))}</title>",
        f"<style>{STYLE}</style>",
        f"<h1>{markup(escape(title))}</h1>",
        f'<p class="soft">{markup(escape(subtitle))}</p>',
    ]
    for one in sections:
        parts += [f"<h2>{markup(one.heading)}</h2>", one.content]
    return "\n".join((*parts, "</html>")) + "\n"


def table(rows: Iterable[Sequence[str]], *, titles: Sequence[str] = (), numeric: Sequence[bool] = ()) -> str:
    """A table of plain text; without titles the first column has them."""
    lines = [_row("th", titles, numeric)] if titles else []
    for row in rows:
        first, rest = (row[:0], row) if titles else (row[:1], row[1:])
        lines.append(_row("th", first, ()).removesuffix("</tr>") + _row("td", rest, numeric).removeprefix("<tr>"))
    return "<table>\n" + "\n".join(lines) + "\n</table>"


def _row(tag: str, cells: Sequence[str], numeric: Sequence[bool]) -> str:
    found = []
    for i, cell in enumerate(cells):
        kind = ' class="number"' if i < len(numeric) and numeric[i] else ""
        found.append(f"<{tag}{kind}>{markup(escape(cell))}</{tag}>")
    return f"<tr>{''.join(found)}</tr>"

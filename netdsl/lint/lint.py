"""All rules over one file, but for those that a comment allows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from netdsl.errors import Diagnostic, Span
from netdsl.language.check import Request, check
from netdsl.language.syntax import parse_tokens
from netdsl.lint import layers, losses, names, padding

_ALLOWED = re.compile(r"#.*\blint: allow((?:[ ,]+W\d{3})+)")


def lint(asked: Request, weights: Path | None = None) -> list[Diagnostic]:
    """What the checker and the rules find, in line order; of a file with mistakes these alone.

    `weights` is a file of weights that the net is to take. `# lint: allow W311` on the line or above it lets that be.
    Raises `NetError` where a file cannot be read.
    """
    nets, found = check(asked)
    if any(d.severity == "error" for d in found):
        return list(found)
    source = asked.library.sources[asked.main]
    found += tuple(names.unused(parse_tokens(source)[0], asked))
    for net in nets:
        found += (*layers.findings(net), *losses.findings(net))
        if weights is not None:
            found += tuple(padding.findings(net, weights))
    return sorted(_kept(found), key=lambda d: d.order)


def _kept(found: tuple[Diagnostic, ...]) -> Iterator[Diagnostic]:
    """Each finding once: a block that is called often is one place."""
    seen: set[tuple[str, Span | None]] = set()
    for diagnostic in found:
        key = (diagnostic.code, diagnostic.span)
        if key not in seen and not (diagnostic.span and diagnostic.code in _allowed(diagnostic.span)):
            yield diagnostic
        seen.add(key)


def _allowed(span: Span) -> set[str]:
    """The codes that comments on a line, and alone on the line above it, allow."""
    above = span.source.line(span.line - 1) if span.line > 1 else ""
    lines = (span.source.line(span.line), above if above.lstrip().startswith("#") else "")
    return {code for line in lines for allowed in _ALLOWED.findall(line) for code in re.findall(r"W\d{3}", allowed)}

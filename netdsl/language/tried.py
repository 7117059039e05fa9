"""Remedies, tried before they are shown: an edit is proposed only where the checker then agrees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from netdsl.errors import MAX_DIAGNOSTICS, Diagnostic, Fix, Source

# Each try is a whole check; together they read at most so much text.
MAX_TRIES = 16
TEXT_BUDGET = 2**18

Recheck = Callable[[Source, str], Sequence[Diagnostic]]


def keep_tried(found: Sequence[Diagnostic], recheck: Recheck) -> list[Diagnostic]:
    """The diagnostics, each with those of its fixes that remove it and bring no new one."""
    tries = min(MAX_TRIES, TEXT_BUDGET // max(1, max((len(d.span.source.text) for d in found if d.span), default=1)))
    kept: list[Diagnostic] = []
    for diagnostic in found[:MAX_DIAGNOSTICS]:
        good: list[Fix] = []
        for fix in diagnostic.fixes:
            if tries > 0:
                tries -= 1
                if _helps(fix, diagnostic, found, recheck):
                    good.append(fix)
        advice = diagnostic.help
        if good and advice and advice.startswith("did you mean"):
            advice = None
        kept.append(replace(diagnostic, fixes=tuple(good), help=advice))
    return [*kept, *(replace(d, fixes=()) for d in found[MAX_DIAGNOSTICS:])]


def _helps(fix: Fix, diagnostic: Diagnostic, found: Sequence[Diagnostic], recheck: Recheck) -> bool:
    assert diagnostic.span is not None
    source = fix.edits[0][0].source
    before = Counter((d.code, d.message) for d in found if d.severity == "error")
    after = Counter((d.code, d.message) for d in recheck(source, fix.apply(source.text)) if d.severity == "error")
    key = (diagnostic.code, diagnostic.message)
    return after[key] < before[key] and after <= before

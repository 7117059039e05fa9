"""Checking a file: every net of it expanded, every mistake reported once, remedies tried."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import netdsl.layers
from netdsl.errors import Diagnostic, NetError, Source, Span, escape, fail
from netdsl.graph.net import Net
from netdsl.language.custom import forget_layers
from netdsl.language.expand import Override, expand
from netdsl.language.library import Library
from netdsl.language.modules import Module, load_module
from netdsl.language.parameters import overrides_of
from netdsl.language.settings import check_blocks
from netdsl.language.static import check_unused, find_recursion
from netdsl.language.suggest import nearest_name
from netdsl.language.tried import keep_tried

LONGEST_NAME = 200

assert netdsl.layers.__name__  # importing the package registers every layer


@dataclass(frozen=True)
class Request:
    """What to check: a main text in a library, how messages name it, which net (None: all of the file's own)."""

    library: Library
    main: str
    shown: str
    net: str | None
    overrides: Mapping[str, Override]


def check_file(
    path: str | Path, parameters: Mapping[str, object] | None = None
) -> tuple[list[Net], tuple[Diagnostic, ...]]:
    """The nets of a file (of `FILE:NET` the one named) and everything found, warnings included, in line order.

    Parameters are values or what `parse_parameters` gives. A file that cannot be read is a diagnostic too.
    """
    try:
        return check(request(path, parameters or {}))
    except NetError as error:
        return [], error.diagnostics


def request(path: str | Path, parameters: Mapping[str, object]) -> Request:
    """A path, `FILE:NET`, or the name of a shipped net, with parameters; `NetError` N001 for what is no path."""
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(text, str):
        raise fail(
            "N001",
            f"a net is named by a path or the name of one that ships, not {type(path).__name__}",
            help='`netdsl.load("lenet5")`, `netdsl.load("folder/mine.net")`',
        )
    file, colon, net = text.rpartition(":")
    if not colon or not net.isidentifier() or os.path.exists(text):
        file, net = text, ""
    overrides = overrides_of(parameters)
    if "/" not in file and os.sep not in file and not file.endswith(".net") and not os.path.exists(file):
        return Request(Library(None), f"netdsl:{_shipped(file)}", f"{file}.net", net or None, overrides)
    return Request(Library(Path(file).parent), os.path.basename(file), file, net or None, overrides)


def _shipped(name: str) -> str:
    names = shipped_names()
    shown = escape(name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…")
    if name in names:
        return f"{name}.net"
    near = nearest_name(name, names)
    help_text = f"did you mean `{near}`?" if near else "`netdsl list` names those that ship"
    raise fail("N001", f"there is no file `{shown}`, and no net of this name ships with netdsl", help=help_text)


def shipped_names() -> list[str]:
    """Names of the nets that ship with netdsl, in alphabetical order."""
    from importlib.resources import files

    return sorted(
        f.name.removesuffix(".net") for f in files("netdsl.architectures").iterdir() if f.name.endswith(".net")
    )


def check(asked: Request) -> tuple[list[Net], tuple[Diagnostic, ...]]:
    """The nets and diagnostics of a request; fixes are those that hold when tried."""
    with _uncollected():
        return _check(asked)


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection: trees and nodes by the hundred thousand hold no cycles, and scanning them takes time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _check(asked: Request) -> tuple[list[Net], tuple[Diagnostic, ...]]:
    nets, found = _once(asked, asked.library)
    if not any(d.fixes for d in found):
        return nets, tuple(found)

    def recheck(source: Source, text: str) -> Sequence[Diagnostic]:
        replaced = {**asked.library.replaced}
        replaced |= {name: text if s is source else s.text for name, s in asked.library.sources.items()}
        try:
            return _once(asked, Library(asked.library.folder, replaced))[1]
        except NetError as error:
            return error.diagnostics

    return nets, tuple(keep_tried(found, recheck))


def _once(asked: Request, library: Library) -> tuple[list[Net], list[Diagnostic]]:
    forget_layers()
    source = library.main(asked.main, asked.shown)
    module = load_module(asked.main, library)
    found = [*module.found]
    settings, searches, wrong = check_blocks(module)
    recursion = find_recursion(module)
    found += wrong + recursion
    names = _nets_of(module, asked, source, found)
    texts = {name: s.text for name, s in library.sources.items()}
    nets: list[Net] = []
    used: set[int] = set()
    for name in names if not recursion else ():
        net, more, expansion = expand(
            module.nets[name], asked.overrides, texts=texts, main=asked.main, settings=settings.get(name, ())
        )
        used |= expansion.used
        found += more
        if net is not None:
            nets.append(replace(net, partners=_partners(module, name), searches=searches.get(name, ())))
    for definition in module.own_blocks:
        if id(definition) not in used and module.lacking is not None:
            found += check_unused(definition, module.lacking)
    found = _distinct(found)
    if any(d.severity == "error" for d in found):
        nets = []
    return nets, found


def _partners(module: Module, name: str) -> tuple[str, ...]:
    """The nets that a `train` block names together with this one, in order; none where it stands alone."""
    found = (tuple(net.text for net in train.nets) for train, _ in module.trains)
    return next((names for names in found if name in names and len(names) > 1), ())


def _nets_of(module: Module, asked: Request, source: Source, found: list[Diagnostic]) -> list[str]:
    if asked.net is None:
        if module.empty:
            found.append(
                Diagnostic("N216", "the file is empty", Span(source, 0, 0), help="a net begins with `net Name {`")
            )
        elif not module.own_nets and not module.own_blocks and not module.found:
            found.append(Diagnostic("N216", "the file defines no net and no block", Span(source, 0, 0)))
        return module.own_nets
    if asked.net in module.nets:
        return [asked.net]
    if not module.incomplete:
        near = nearest_name(asked.net, module.nets)
        help_text = (
            f"did you mean `{near}`?" if near else f"it has {', '.join(f'`{n}`' for n in module.nets) or 'none'}"
        )
        found.append(Diagnostic("N229", f"`{escape(asked.shown)}` has no net `{asked.net}`", help=help_text))
    return []


def _distinct(found: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Diagnostics without repetitions, in line order; several at one place are one mistake."""
    seen: set[tuple[str, str, int]] = set()
    kept = []
    for diagnostic in sorted(found, key=lambda d: d.order):
        span = diagnostic.span
        key = (diagnostic.code, span.source.name if span else diagnostic.message, span.start if span else -1)
        if key not in seen:
            seen.add(key)
            kept.append(replace(diagnostic))
    return kept

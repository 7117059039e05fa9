"""Loading one net, for Python and for the commands that need exactly one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from netdsl.errors import NetError, escape, fail
from netdsl.graph.net import Net
from netdsl.language.check import Request, check, request
from netdsl.language.custom import code_allowed
from netdsl.language.library import Library
from netdsl.language.parameters import overrides_of


def load(path_or_name: str | Path, *, allow_code: bool = False, **params: object) -> Net:
    """The net of a file, of `FILE:NET`, or one that ships with netdsl, with its parameters set.

    `allow_code` lets the net run the Python files that it imports. Raises `NetError` with every mistake found. Warnings
    are in `net.warnings`, skipped asserts in `net.skipped`.
    """
    if not allow_code:
        return _one(request(path_or_name, params))
    with code_allowed():
        return _one(request(path_or_name, params))


def load_together(path_or_name: str | Path, **params: object) -> tuple[Net, ...]:
    """The nets of a file that one `train` block trains together, in its order; of any other file the one net.

    Raises `NetError` as `load`.
    """
    return _together(request(path_or_name, params))


def parse(text: str, **params: object) -> Net:
    """The net of a text; imports are those that ship with netdsl. Raises `NetError` as `load`."""
    if not isinstance(text, str):
        raise fail(
            "N001",
            f"`parse` takes the text of a net, not {type(text).__name__}",
            help="`netdsl.load` reads it from a file",
        )
    return load_texts({"text.net": text}, "text.net", params)


def load_texts(texts: Mapping[str, str], main: str, parameters: Mapping[str, object], *, net: str | None = None) -> Net:
    """The net of texts kept with weights: `net.texts`, `net.main`, `net.parameters`, `net.name`."""
    return _one(Request(Library(None, dict(texts)), main, main, net, overrides_of(parameters)))


def load_texts_together(texts: Mapping[str, str], main: str, parameters: Mapping[str, object]) -> tuple[Net, ...]:
    """The nets of texts kept with the weights of nets that were trained together, as `load_together` gives them."""
    return _together(Request(Library(None, dict(texts)), main, main, None, overrides_of(parameters)))


def _together(asked: Request) -> tuple[Net, ...]:
    nets, found = check(asked)
    partners = nets[0].partners if nets else ()
    if asked.net is not None or not partners or any(d.severity == "error" for d in found):
        return (_one(asked),)
    by_name = {net.name: net for net in nets}
    if set(by_name) != set(partners):
        return (_one(asked),)
    return tuple(by_name[name] for name in partners)


def _one(asked: Request) -> Net:
    nets, found = check(asked)
    errors = [d for d in found if d.severity == "error"]
    if errors:
        raise NetError(errors)
    if len(nets) == 1:
        return nets[0]
    shown = escape(asked.shown)
    if not nets:
        raise fail("N216", f"`{shown}` has no net")
    names = ", ".join(f"`{shown}:{n.name}`" for n in nets)
    raise fail("N229", f"`{shown}` has several nets: say which, {names}")

"""A layer in a few words, for tables and boxes: `conv 64, 7x7` and `stride 2`, `pad same`, `relu`."""

from __future__ import annotations

from dataclasses import MISSING

from netdsl.layers.base import Layer, arguments
from netdsl.layers.values import Size, format_value


def head(layer: Layer, *, rank: int = 1) -> str:
    """The keyword and the arguments that every such layer must be given; a kernel `3` on `rank` axes is `3x3`."""
    given = []
    for item in arguments(type(layer)):
        if item.default is MISSING:
            value = getattr(layer, item.name)
            if item.name == "kernel" and isinstance(value, int):
                value = (value,) * rank
            given.append(_text(item.metadata["kind"], value))
    return f"{layer.keyword or layer.text()} {', '.join(given)}".rstrip()


def details(layer: Layer) -> tuple[str, ...]:
    """The other arguments that differ from their defaults; those of initialisers and optimisers are left out."""
    found = []
    for item in arguments(type(layer)):
        value = getattr(layer, item.name)
        if item.default is MISSING or item.kw_only or value == item.default:
            continue
        if item.name == "pad" and value == 0:  # the same as `valid`
            continue
        text = _text(item.metadata["kind"], value)
        if isinstance(value, bool):
            found.append(item.name if value else f"no {item.name}")
        elif item.metadata["kind"] == "activation":
            found.append(text)
        else:
            found.append(f"{item.name} {text}")
    return tuple(found)


def words(layer: Layer, *, rank: int = 1) -> str:
    """Head and details on one line."""
    return ", ".join((head(layer, rank=rank), *details(layer)))


def is_automatic(path: str, layer: Layer) -> bool:
    """Whether the node was named by its kind and number, `conv_2`."""
    kind, _, number = path.rpartition(".")[2].rpartition("_")
    return kind == layer.keyword and number.isdigit()


def _text(kind: str, value: object) -> str:
    if kind in ("window", "shape") and isinstance(value, tuple):
        return repr(Size(value))
    return format_value(value)

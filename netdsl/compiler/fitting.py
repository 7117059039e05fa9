"""What `compile` is given, checked: that the net is one, and that the weights are those of this net."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from netdsl.errors import escape, fail
from netdsl.graph.weights import Weights
from netdsl.shapes import format_shape

if TYPE_CHECKING:
    from netdsl.graph.net import Net

MAX_NAMES = 10
SLOT = "@"


def checked_net(net: Any) -> Net:
    """The net; `NetError` N719 for anything else, such as the name of one."""
    from netdsl.graph.net import Net

    if isinstance(net, Net):
        return net
    example, what = "lenet5", type(net).__name__
    if isinstance(net, str | PathLike):
        what = "the name of one"
        example = escape(str(net)) if len(str(net)) <= 80 else example
    remedy = f'load it: `netdsl.compile(netdsl.load("{example}"))`'
    if isinstance(net, str) and "{" in net:
        what, remedy = "the text of one", "parse it: `netdsl.compile(netdsl.parse(text))`"
    raise fail("N719", f"`compile` takes a net, not {what}", help=remedy)


def fitting_weights(net: Net, weights: Mapping[str, Any] | None) -> Weights:
    """The weights of a net, each tensor there and of its shape, and, unless programs share them, no other.

    Raises `NetError` N703 for what is no mapping, N701 for tensors that are missing, N504 for those that the net does
    not have, and N702 for one of another shape. A mapping may hold an optimiser's slots beside their tensors.
    """
    if weights is None:
        return net.initialise()
    if not isinstance(weights, Mapping):
        raise fail(
            "N703",
            f"`weights` are arrays by name, not {type(weights).__name__}",
            help="`net.initialise(seed=1)` draws some; a dict of arrays is taken as well",
        )
    _check_names(net, weights)
    made = weights if isinstance(weights, Weights) else Weights(weights)
    for name, param in net.tensors.items():
        if made.shape(name) != param.shape:
            needed, found = format_shape(param.shape), format_shape(made.shape(name)) or "a single number"
            raise fail("N702", f"`{name}` is {found}; `{net.name}` needs {needed}")
    return made


def _check_names(net: Net, weights: Mapping[str, Any]) -> None:
    """`NetError` N701 or N504. `Weights` may be those of several nets, of which this one reads its own."""
    missing = [name for name in net.tensors if name not in weights]
    unknown = [] if isinstance(weights, Weights) else [name for name in weights if not _belongs(net, name)]
    if missing:
        others = f"; they hold {_listed(unknown)}, which it has not" if unknown else ""
        raise fail("N701", f"the weights lack {_listed(missing)}, which `{net.name}` needs{others}")
    if unknown:
        raise fail("N504", f"`{net.name}` has no {_listed(unknown)}", help=_nearest(net, unknown[0]))


def _belongs(net: Net, name: object) -> bool:
    return isinstance(name, str) and name.split(SLOT)[0] in net.tensors


def _listed(names: Sequence[object]) -> str:
    """Up to ten names, and how many more there are."""
    rest = len(names) - MAX_NAMES
    shown = ", ".join(f"`{escape(str(name))}`" for name in names[:MAX_NAMES])
    return shown + (f" and {rest} more" if rest > 0 else "")


def _nearest(net: Net, name: object) -> str:
    from difflib import get_close_matches

    near = get_close_matches(str(name), list(net.tensors), n=1)
    return f"did you mean `{near[0]}`?" if near else "`list(net.tensors)` lists those that it has"

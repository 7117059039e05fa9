"""Options of the verbs that take over weights, cut a net and freeze it: each is a setting of the `train` block."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from netdsl.graph.net import Net, Setting

Command = TypeVar("Command", bound=Callable[..., Any])
PATTERN = "PATTERN"

_NET = (
    click.option("--pop", type=int, metavar="N", help="Take the last N layers off the net."),
    click.option("--append", metavar="CALLS", help="Layers to put there: 'relu | dense(8, act=softmax)'."),
    click.option("--freeze", multiple=True, metavar=PATTERN, help="Nodes that do not learn: C1, 'conv*'."),
    click.option("--unfreeze", multiple=True, metavar=PATTERN, help="Nodes that learn nevertheless."),
)
_WEIGHTS = (
    click.option("--weights", metavar="FILE|RUN", help="Begin with weights that fit by name."),
    click.option("--map", multiple=True, metavar="OLD=NEW", help="Other names in the file: 'a.**=b.**'."),
    click.option("--fresh", multiple=True, metavar=PATTERN, help="Nodes to draw anew, though the file has them."),
)


def changes_net(command: Command) -> Command:
    """Adds --pop, --append, --freeze and --unfreeze, as settings in the argument `transfer`."""
    return _adding(command, _NET)


def takes_weights(command: Command) -> Command:
    """Adds these, --weights, --map and --fresh."""
    return _adding(command, (*_WEIGHTS, *_NET))


def edited(net: Net, transfer: list[Setting]) -> Net:
    """The net as its `train` block and these settings have it trained."""
    from netdsl.training.block.transfer import READERS, Transfer

    lines = [line for line in (*net.settings, *transfer) if line.name in READERS]
    if not lines:
        return net
    return Transfer().with_lines(lines).edited(net)


def _adding(command: Command, options: tuple[Callable[[Any], Any], ...]) -> Command:
    @wraps(command)
    def collecting(**given: Any) -> Any:
        names = ("weights", "map", "fresh", "pop", "append", "freeze", "unfreeze")
        transfer = [line for name in names for line in _lines(name, given.pop(name, None))]
        return command(**given, transfer=transfer)

    made: Any = collecting
    for option in reversed(options):
        made = option(made)
    taking: Command = made
    return taking


def _lines(name: str, value: Any) -> list[Setting]:
    if value is None:
        return []
    from netdsl.training.block.override import parse_override, plain_override

    if name == "append":
        return parse_override(f"append={value}", option="--append")
    return [plain_override(name, one, option=f"--{name}") for one in (value if isinstance(value, tuple) else (value,))]

"""What a training takes over from another: settings that give first weights, change the net, and freeze it.

```
train KerasCnn {
  weights   "runs/digits"                  # by name, whatever fits
  map       "old.**=new.**"                # names of the file = names of the net
  fresh     "dense_2"                      # drawn anew, though the file has it
  pop       2                              # take the last two layers off
  append    dropout(0.5) | dense(8, act=softmax)
  freeze    "**"
  unfreeze  "append"
}
```
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from netdsl.errors import Span, escape, fail
from netdsl.graph.cut import joined, only_output, popped
from netdsl.graph.freeze import frozen, on_stored_statistics
from netdsl.graph.net import Setting
from netdsl.graph.pattern import Pattern
from netdsl.language.load import load_texts
from netdsl.layers.values import Applied, Word, format_value, kind_of
from netdsl.shapes import format_shape
from netdsl.training.block.override import parse_override

if TYPE_CHECKING:
    from netdsl.graph.net import Net

APPENDED = "append"
MOST_POPPED = 1000


@dataclass(frozen=True)
class Transfer:
    """The settings of a transfer; without any the net and its first values are its own.

    `weights` is a weight file or a run's folder; `map` pairs a pattern of its names with one of the net's; `fresh` are
    nodes that are drawn anew all the same. `pop` counts the layers that are taken off the end, `append` are the calls
    that follow instead, as a value named `append`. `freeze` and `unfreeze` are nodes; both know the changed net.
    """

    weights: str = ""
    map: tuple[tuple[Pattern, Pattern], ...] = ()
    fresh: tuple[Pattern, ...] = ()
    pop: int = 0
    append: tuple[object, ...] = ()
    freeze: tuple[Pattern, ...] = ()
    unfreeze: tuple[Pattern, ...] = ()
    spans: Mapping[str, Span | None] = field(default_factory=dict, compare=False, repr=False)

    def texts(self) -> dict[str, str]:
        """Each setting that is given as its line of a `train` block has it."""
        found = {
            "weights": format_value(self.weights) if self.weights else "",
            "map": ", ".join(format_value(f"{old.text}={new.text}") for old, new in self.map),
            "pop": str(self.pop) if self.pop else "",
            "append": " | ".join(format_value(call) for call in self.append),
        }
        for name in ("fresh", "freeze", "unfreeze"):
            found[name] = ", ".join(format_value(pattern.text) for pattern in getattr(self, name))
        return {name: text for name, text in found.items() if text}

    def with_lines(self, lines: Iterable[Setting]) -> Transfer:
        """The same with more values of a `train` block or of the command line.

        Patterns and maps are added to those given before, the rest is replaced. Raises `NetError` N507 or N520.
        """
        found = self
        for line in lines:
            changed: Any = READERS[line.name](found, line)
            found = replace(found, **{line.name: changed}, spans={**found.spans, line.name: line.span})
        return found

    def edited(self, net: Net) -> Net:
        """The net as it is trained: cut, continued and frozen. Raises `NetError` N520 and N521."""
        net = self.reshaped(net)
        return frozen(net, self.freeze, self.unfreeze) if self.freeze or self.unfreeze else net

    def reshaped(self, net: Net) -> Net:
        """The net cut and continued: all that its outputs depend on. Raises `NetError` N521 and those of the calls."""
        if self.pop:
            net = popped(net, self.pop, span=self.spans.get("pop"))
        return joined(net, self._tail(net), span=self.spans.get("append")) if self.append else net

    def _tail(self, net: Net) -> Net:
        span = self.spans.get("append")
        if net.symbols:
            names = " ".join(f"-p {symbol.name}=…" for symbol in net.symbols)
            raise fail(
                "N521", f"`{net.name}` takes any size, so that nothing can follow it: `{names}` sets it", span=span
            )
        taken = {part for path in net.nodes for part in (path, path.partition(".")[0])}
        name = next(
            n for k in range(1, len(taken) + 2) if (n := APPENDED if k == 1 else f"{APPENDED}_{k}") not in taken
        )
        calls = " | ".join(format_value(call) for call in self.append)
        shape = format_shape(net.nodes[only_output(net, span)].shape)
        text = f"net {net.name} {{\n  input {name}_input: {shape}\n  {name}: {calls}\n}}\n"
        return load_texts({f"{APPENDED}.net": text}, f"{APPENDED}.net", {})


def recorded(settings: Mapping[str, str]) -> Transfer:
    """The changes of the net that a record tells of: those that its outputs depend on.

    Raises `NetError` N507, or as the language does, for a record that cannot be used.
    """
    found = Transfer()
    for name in ("pop", "append"):
        if name in settings:
            found = found.with_lines(parse_override(f"{name}={settings[name]}", option=name))
    return found


def told(net: Net, transfer: Transfer) -> list[str]:
    """Lines that say what is frozen, and which batch norms run on their stored statistics."""
    held = [node for node in net if node.frozen and net.node_params(node.path)]
    if not held:
        return []
    layers = sum(1 for node in net if net.node_params(node.path))
    lines = [
        f"frozen {len(held)} of {layers} layers with weights: "
        f"{net.trainable:,} numbers learn, {net.nontrainable:,} do not"
    ]
    stored = [node.path for node in net if on_stored_statistics(net, node)]
    if stored:
        shown = ", ".join(stored[:4]) + (f" and {len(stored) - 4} more" if len(stored) > 4 else "")
        lines.append(f"on stored statistics, as they are frozen: {escape(shown)}")
    if not transfer.weights:
        lines.append("no weights are loaded: what is frozen keeps its first, random values")
    return lines


def _text(transfer: Transfer, line: Setting) -> str:
    (value,) = _values(line)
    if isinstance(value, Word) or not isinstance(value, str) or not value:
        raise _refuse(line, "a weight file or the folder of a run in quotes", value)
    return value


def _pairs(transfer: Transfer, line: Setting) -> tuple[tuple[Pattern, Pattern], ...]:
    (value,) = _values(line)
    old, equals, new = value.partition("=") if isinstance(value, str) else ("", "", "")
    if not (equals and old.strip() and new.strip()):
        raise _refuse(line, 'two patterns in quotes: `"old.**=new.**"`', value)
    pair = Pattern(old.strip(), line.span), Pattern(new.strip(), line.span)
    if pair[0].wildcards != pair[1].wildcards:
        counts = f"{pair[0].wildcards} on the left, {pair[1].wildcards} on the right"
        raise fail("N520", f"`map`: what stands for what is not said, with wildcards {counts}", span=line.span)
    return (*transfer.map, pair)


def _patterns(transfer: Transfer, line: Setting) -> tuple[Pattern, ...]:
    (value,) = _values(line)
    if not isinstance(value, str):
        raise _refuse(line, 'names or patterns of nodes in quotes: `"C1", "conv*"`', value)
    before: tuple[Pattern, ...] = getattr(transfer, line.name)
    return (*before, Pattern(str(value), line.span))


def _count(transfer: Transfer, line: Setting) -> int:
    (value,) = _values(line)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _refuse(line, f"the number of layers to take off, 0 to {MOST_POPPED}", value)
    if not 0 <= value <= MOST_POPPED:
        words = f"`{line.name}`, the number of layers to take off, is {value}; it must be from 0 to {MOST_POPPED}"
        raise fail("N507", words, span=line.span)
    return value


def _calls(transfer: Transfer, line: Setting) -> tuple[object, ...]:
    wrong = next((value for value in line.steps if not isinstance(value, Applied | Word)), None)
    if wrong is not None:
        raise _refuse(line, "calls of layers: `dropout(0.5) | dense(8, act=softmax)`", wrong)
    return line.steps


def _values(line: Setting) -> tuple[object]:
    if line.key or len(line.steps) != 1:
        raise fail("N507", f"`{line.name}` is one value, or several with commas between them", span=line.span)
    return (line.steps[0],)


def _refuse(line: Setting, expected: str, value: object) -> Exception:
    words = f"`{line.name}` is {expected}, not {kind_of(value)}: `{escape(format_value(value))}`"
    return fail("N507", words, span=line.span)


READERS: dict[str, Callable[[Transfer, Setting], object]] = {
    "weights": _text,
    "map": _pairs,
    "fresh": _patterns,
    "pop": _count,
    "append": _calls,
    "freeze": _patterns,
    "unfreeze": _patterns,
}

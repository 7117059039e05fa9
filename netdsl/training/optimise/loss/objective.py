"""What a whole training step makes smaller: the losses of all outputs and heads, each with its weight."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

from netdsl.errors import fail
from netdsl.graph.receptive_field import jumps
from netdsl.layers.values import Word
from netdsl.ops.expression import operands
from netdsl.shapes import Shape, format_shape
from netdsl.training.optimise.loss.base import LABELS, Array, Loss, Told, told
from netdsl.training.optimise.loss.dice import Dice

if TYPE_CHECKING:
    from netdsl.graph.net import Net
    from netdsl.ops.op import Build, Value

ENDS = ("softmax", "sigmoid")
NO_KINDS: Mapping[str, Kind] = {}


@dataclass(frozen=True)
class End:
    """An output or a head: its shape, the activation that it ends in (`softmax`, `sigmoid` or none), its weight."""

    shape: Shape
    act: str = ""
    weight: float = 1.0
    is_head: bool = False


@dataclass(frozen=True)
class Kind:
    """What labels are: indices of so many classes, or, with none, numbers; one for each of `places`, or one alone."""

    classes: int
    places: Shape = ()


@dataclass(frozen=True)
class Part:
    """The loss of one output of `size` numbers a place, what its labels are, and the name of the input that takes them.

    `own`: whether they are other labels than those of the first output.
    """

    loss: Loss
    end: End
    size: int
    labels: str
    kind: Kind
    own: bool = False

    @property
    def places(self) -> Shape:
        """The height and width of its labels, where these are masks."""
        return self.kind.places

    def rows(self, y: Array) -> Array:
        """An output of a run as the loss reads it, (N, places, K)."""
        return y.reshape(len(y), *(int(size) for size in self.places), self.size)

    def scores(self, y: Array) -> Array:
        """What an output of a run says of each class, (N, …, classes)."""
        return self.loss.scores(self.rows(y))


@dataclass(frozen=True)
class Objective:
    """Σ over outputs and heads of weight·(mean over the batch of the loss of each image); `parts` by name.

    Where several outputs are measured, a step gives the mean loss of each, `loss:NAME`, without its weight, beside it.
    """

    parts: Mapping[str, Part]

    @property
    def places(self) -> Shape:
        """The places of the labels of the first output."""
        return self.main.places

    @property
    def measured(self) -> Mapping[str, Part]:
        """The outputs that scores are taken from: the first; where some have labels of their own, all but the heads."""
        found = {name: part for name, part in self.parts.items() if self.own and not part.end.is_head}
        return found or dict([next(iter(self.parts.items()))])

    @property
    def own(self) -> Mapping[str, Part]:
        """The outputs and heads that have other labels than the first output."""
        return {name: part for name, part in self.parts.items() if part.own}

    @property
    def main(self) -> Part:
        """The part of the first output, which scores and answers are taken from."""
        return next(iter(self.parts.values()))

    def lower(self, build: Build, outputs: dict[str, Value]) -> Value:
        """Emit the sum, from the net's outputs and heads by name; what `compile` calls as `loss`."""
        scale = build.inverse_batch()
        rows = [part.loss.lower(build, outputs[name], part.labels, part.places) for name, part in self.parts.items()]
        for name, row in zip(self.parts, rows, strict=True) if len(self.measured) > 1 else ():
            if name in self.measured:
                x0, x1 = operands(2)
                mean = build.add("reduce", build.map(x0 * x1, row, scale), axes=(0,), keep=False)
                build.outputs[loss_of(name)] = mean.id
        xs = operands(len(rows) + 1)
        weights = (part.loss.weight * part.end.weight for part in self.parts.values())
        mixed = sum((weight * x for weight, x in zip(weights, xs, strict=False)), start=xs[0] * 0.0)
        made: Value = build.add("reduce", build.map(mixed * xs[-1], *rows, scale), axes=(0,), keep=False)
        return made

    def feed(self, labels: Told) -> dict[str, Array]:
        """What a step binds beside the images."""
        found: dict[str, Array] = {}
        for name, part in self.parts.items():
            if part.labels not in found:
                found |= part.loss.feed(told(labels, name), part.size, part.labels)
        return found

    def losses(self, outputs: Mapping[str, Array], labels: Told) -> dict[str, Array]:
        """The loss of each image, (N,), of each output of a run by name, without its weight, heads left out."""
        parts = {name: part for name, part in self.parts.items() if not part.end.is_head}
        return {name: part.loss.measure(part.rows(outputs[name]), told(labels, name)) for name, part in parts.items()}

    def total(self, losses: Mapping[str, float]) -> float:
        """The loss from the mean loss of each output."""
        return sum((self.parts[name].loss.weight * loss for name, loss in losses.items()), start=0.0)


def loss_of(output: str) -> str:
    """What a step calls the loss of one output."""
    return f"loss:{output}"


def objective_for(
    net: Net, losses: Mapping[str, Loss], classes: int, places: Shape = (), own: Mapping[str, Kind] = NO_KINDS
) -> Objective:
    """The objective of a net for labels of so many classes, 0 where they are numbers, at each of `places` of an image.

    `losses` are given by output, or under an empty name for all; `own` says what labels outputs have of their own.
    Raises `NetError` N508 for an output that its loss cannot compare with the labels.
    """
    return objective_of(ends_of(net), losses, classes, places, own)


def objective_of(
    ends: Mapping[str, End],
    losses: Mapping[str, Loss],
    classes: int,
    places: Shape = (),
    own: Mapping[str, Kind] = NO_KINDS,
) -> Objective:
    """The objective of the outputs and heads `ends`, by name; as `objective_for`."""
    for name in losses:
        if name and name not in ends:
            there = ", ".join(f"`{end}`" for end in ends)
            raise fail("N508", f"`loss {name}=` is of an output that the net has not got: there are {there}")
    parts: dict[str, Part] = {}
    for name, end in ends.items():
        given = losses.get(name, losses.get(""))
        if given is None:
            raise fail("N508", f"the output `{name}` has no loss: write `loss {name}=…`")
        loss, kind = replace(given, end=end.act), own.get(name, Kind(classes, places))
        size = prod(end.shape) // prod(kind.places)
        _check(name, end, loss, size, kind)
        taken = f"{LABELS}:{Word(name)}" if name in own else _labels_name(name, loss, size, parts)
        parts[name] = Part(loss, end, size, taken, kind, name in own)
    return Objective(parts)


def recorded_objective(
    ends: Mapping[str, End], losses: Mapping[str, Loss], classes: Sized, others: Mapping[str, Sized]
) -> Objective:
    """The objective of a net that was trained, from the classes that its record has; as `objective_of`."""
    count = len(classes)
    own = {name: len(found) for name, found in others.items() if name in ends}
    kinds = {name: Kind(number, places_at(ends[name], number)) for name, number in own.items()}
    return objective_of(ends, losses, count, places_of(ends, count), kinds)


def ends_of(net: Net) -> dict[str, End]:
    """The outputs of a net, then its heads."""
    found = {name: _end(net, path) for name, path in net.outputs.items()}
    return found | {head.name: replace(_end(net, head.output), weight=head.weight, is_head=True) for head in net.heads}


def places_of(ends: Mapping[str, End], classes: int) -> Shape:
    """The places that the labels of a trained net are of: those of its first output, where that is a map of classes."""
    return places_at(next(iter(ends.values())), classes)


def places_at(end: End, classes: int) -> Shape:
    """The places that the labels of an output are of: its own, where it is a map of so many classes."""
    shape = end.shape
    is_map = len(shape) > 1 and prod(shape) != classes and shape[-1] in (1, classes) and prod(shape[:-1]) > 1
    return shape[:-1] if classes and is_map else ()


def places_within(net: Net, mask: Shape, output: str = "") -> Shape:
    """The places of masks of that height and width: all, or those about the centre that the output is about, by default
    the first.

    Valid convolutions leave the centre of an image (Ronneberger et al. 2015, figure 2). A map whose places are further
    apart than pixels is no part of a mask: `NetError` N508.
    """
    output = output or next(iter(net.outputs))
    path = net.outputs.get(output) or next(head.output for head in net.heads if head.name == output)
    shape = net.nodes[path].shape
    found = shape[:-1]
    if len(found) != len(mask) or found == mask or any(a > b for a, b in zip(found, mask, strict=True)):
        return mask
    apart = jumps(net.graph, path)
    if any(jump != 1 for jump in apart):
        words = f"whose places are {'x'.join(map(str, apart))} pixels apart, and the masks are {format_shape(mask)}"
        advice = "masks are cut to an output only where that has a place for each pixel: `upsample` or "
        raise fail(
            "N508",
            f"the output `{output}` is {format_shape(shape)}, {words}",
            help=advice + "`conv_transpose` make it finer",
        )
    return found


def _end(net: Net, path: str) -> End:
    node = net.nodes[path]
    words = {node.layer.keyword, str(getattr(node.layer, "act", "")), str(getattr(node.layer, "name", ""))}
    return End(node.shape, next((word for word in ENDS if word in words), ""))


def _check(name: str, end: End, loss: Loss, size: int, kind: Kind) -> None:
    shape, classes, places = format_shape(end.shape), kind.classes, kind.places
    if isinstance(loss, Dice) and not places:
        raise fail("N508", f"`dice` compares maps with masks, and the labels of `{name}` are one for an image")
    if places and end.shape[:-1] != places:
        raise fail("N508", f"the output `{name}` is {shape}, and the labels are {format_shape(places)} for an image")
    if not loss.fits(size, classes):
        have = f"the data have {classes} classes" if classes else "the labels are numbers"
        advice = None if classes else f"`loss {name}=mse` learns numbers, in a net of one output `loss mse`"
        words = f"the output `{name}` is {shape}, and {have}: `{loss.word}` takes {_takes(loss, classes)}"
        raise fail("N508", words, help=advice)


def _takes(loss: Loss, classes: int) -> str:
    if not classes:
        return "labels of classes"
    return "one number a class" if classes != 2 or not loss.fits(1, 2) else "one number a class, or one alone"


def _labels_name(name: str, loss: Loss, size: int, parts: Mapping[str, Part]) -> str:
    """`labels`, or the name of an earlier part that takes them in the same form; else one of its own."""
    for part in (one for one in parts.values() if not one.own):
        if (type(part.loss), part.size, str(part.loss)) == (type(loss), size, str(loss)):
            return part.labels
    return f"{LABELS}:{Word(name)}" if parts else LABELS

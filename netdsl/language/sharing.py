"""`share=NAME`: a layer or block call whose tensors are those of their namesakes in another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice

from netdsl.errors import Span, fail
from netdsl.graph.net import Node
from netdsl.language import tree
from netdsl.language.evaluate import wire
from netdsl.language.expansion import Definition, Expansion
from netdsl.language.names import Env, Unknown, Wire
from netdsl.layers.everywhere import OF_ALL, OF_BIASES, OF_WEIGHTS
from netdsl.shapes import format_shape

# Properties of a tensor, which has them where it is declared.
FIXED = ("init", "bias_init", "trainable", *OF_WEIGHTS, *OF_BIASES, *OF_ALL)


@dataclass(frozen=True)
class Share:
    """What a call shares with: the path of a node or scope, where the call says so, and the nodes made before it."""

    origin: str
    span: Span
    before: int


def split_share(
    call: tree.Call, definition: Definition | None, env: Env, at: Wire | None
) -> tuple[tree.Call, Share | None]:
    """A call without its `share=`, and what that says; a block's own parameter of this name is left alone.

    Raises `NetError` N205 where it is given twice, N226 for what is no value of the net, N234 beside `init=` and the
    like.
    """
    given = [a for a in call.arguments or () if a.name is not None and a.name.text == "share"]
    if not given or (definition and any(p.name.text == "share" for p in definition.block.parameters)):
        return call, None
    if given[1:]:
        notes = ((given[0].span, "first here"),)
        raise fail("N205", f"`share` of `{call.callee.text}` is given twice", span=given[1].span, notes=notes)
    value = given[0].value
    if not isinstance(value, tree.Reference):
        raise fail("N226", "`share` takes the name of a layer or block above", span=value.span)
    if definition is None:
        _refuse_properties(call)
    found = wire(value, env, at)
    if not found.known:
        raise Unknown
    rest = tuple(a for a in call.arguments or () if a is not given[0])
    return replace(call, arguments=rest), Share(found.name, value.span, len(env.expansion.nodes))


def _refuse_properties(call: tree.Call) -> None:
    for argument in call.arguments or ():
        if argument.name is not None and argument.name.text in FIXED:
            message = (
                f"`{argument.name.text}=` stands beside `share=`: the shared tensors have it where they are declared"
            )
            raise fail("N234", message, span=argument.span)


def tie(expansion: Expansion, path: str, share: Share) -> None:
    """Tie the tensors of the nodes made since: to those of the same name in the node of the same path below the origin.

    A tensor without a namesake stays the node's own. Raises `NetError` N234 where shapes differ or no tensor has one.
    """
    found = 0
    owners: dict[str, str] = {}
    fresh = [node for node in islice(expansion.nodes.values(), share.before, None) if _within(node.path, path)]
    for node in fresh:
        namesake = expansion.nodes.get(share.origin + node.path[len(path) :])
        ties = {name: owners.get(full, full) for name, full in node.ties}
        for name, shape in _tensors(expansion, node).items():
            theirs = _tensors(expansion, namesake) if namesake else {}
            if namesake is None or name not in theirs or name in ties:
                continue
            if theirs[name] != shape:
                raise _differs(share, node, namesake, name, (shape, theirs[name]))
            ties[name] = owners[f"{node.path}.{name}"] = dict(namesake.ties).get(name, f"{namesake.path}.{name}")
            found += 1
        expansion.nodes[node.path] = replace(node, ties=tuple(ties.items()))
    if not found:
        raise _nothing(expansion, share, fresh)


def _within(node: str, path: str) -> bool:
    return node == path or node.startswith(f"{path}.")


def _tensors(expansion: Expansion, node: Node) -> dict[str, tuple[int, ...]]:
    shapes = [expansion.nodes[p].shape for p in node.inputs]
    return {param.name: param.shape for param in node.layer.params(*shapes)}


def _differs(
    share: Share, node: Node, other: Node, name: str, shapes: tuple[tuple[int, ...], tuple[int, ...]]
) -> Exception:
    here, there = (format_shape(shape) for shape in shapes)
    message = f"`{node.path}.{name}` is {here}, and `{other.path}.{name}`, which it would share, is {there}"
    notes = tuple((n.span, f"`{n.path}`") for n in (other, node) if n.span is not None)
    return fail("N234", message, span=share.span, notes=notes)


def _nothing(expansion: Expansion, share: Share, fresh: list[Node]) -> Exception:
    inside = [path for path in expansion.nodes if path.startswith(f"{share.origin}.")]
    kinds = {node.layer.keyword for node in fresh if len(fresh) == 1}
    likely = [path for path in inside if expansion.nodes[path].layer.keyword in kinds]
    advice = f"`share={likely[0]}` is a layer in it" if likely else None
    return fail("N234", f"`{share.origin}` has no tensor to share with this call", span=share.span, help=advice)

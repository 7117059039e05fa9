"""Rules over the text: names that nothing uses, and conditions that are decided already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from netdsl.errors import Diagnostic
from netdsl.language import tree
from netdsl.language.check import Request
from netdsl.language.marks import tree_nodes
from netdsl.language.modules import load_module
from netdsl.language.names import identifiers


def unused(file: tree.File, asked: Request) -> Iterator[Diagnostic]:
    """Findings in one file; of a file that is there to be imported, its blocks count as used."""
    yield from _names(file)
    yield from _definitions(file, asked)
    for node in tree_nodes(file):
        yield from _defaults(node)
        yield from _decided(node)


def _warning(code: str, message: str, node: tree.Name | tree.Callee | tree.Expr, help: str) -> Diagnostic:
    return Diagnostic(code, message, node.span, help=help, severity="warning")


def _read(nodes: Iterable[object]) -> set[str]:
    """Every name that an expression in some part of the tree reads."""
    return {node.name.text for part in nodes for node in tree_nodes(part) if isinstance(node, tree.Reference)}


def _called(nodes: Iterable[object]) -> set[str]:
    """What the calls in some part of the tree name."""
    return {node.text for part in nodes for node in tree_nodes(part) if isinstance(node, tree.Callee)}


def _names(file: tree.File) -> Iterator[Diagnostic]:
    """W301: a `let`, a parameter or the index of a loop that nothing reads."""
    bodies: list[Sequence[object]] = [file.items]
    for node in tree_nodes(file):
        if isinstance(node, tree.Body):
            bodies.append(node.statements)
        elif isinstance(node, tree.Block | tree.NetItem):
            read = _read([node.body, *(p.default for p in node.parameters)])
            what = "block" if isinstance(node, tree.Block) else "net"
            for parameter in node.parameters:
                if parameter.name.text not in read:
                    message = f"{what} `{node.name.text}` does not use its parameter `{parameter.name.text}`"
                    yield _warning("W301", message, parameter.name, "leave it out, or use it")
        elif isinstance(node, tree.For) and len(node.patterns) == 2:
            index = node.patterns[0][0]
            if index.text not in _read([node.body]):
                yield _warning("W301", f"nothing uses the index `{index.text}`", index, "`for` takes the element alone")
    for statements in bodies:
        for place, statement in enumerate(statements):
            if isinstance(statement, tree.Let) and statement.name.text not in _read(statements[place + 1 :]):
                yield _warning("W301", f"nothing uses `{statement.name.text}`", statement.name, "leave it out")


def _definitions(file: tree.File, asked: Request) -> Iterator[Diagnostic]:
    """W302: a block that nothing calls, an import of which nothing is used."""
    called = _called(file.items)
    trained = {name.text for item in file.items if isinstance(item, tree.Train) for name in item.nets}
    if not any(isinstance(item, tree.NetItem) for item in file.items):
        return
    for item in file.items:
        if isinstance(item, tree.Block) and item.name.text not in called:
            yield _warning("W302", f"nothing calls block `{item.name.text}`", item.name, "leave it out")
        elif isinstance(item, tree.Import):
            module = load_module(asked.library.imported(item.path, asked.main, item.path_span), asked.library)
            prefix = f"{item.alias.text}." if item.alias else ""
            brought = {prefix + name for name in (*(b.block.name.text for b in module.own_blocks), *module.own_nets)}
            if not brought & (called | trained):
                message = f'nothing of "{item.path}" is used'
                yield Diagnostic("W302", message, item.path_span, help="leave it out", severity="warning")


def _defaults(node: object) -> Iterator[Diagnostic]:
    """W303: a `default` behind which its body has no such call."""
    statements = node.items if isinstance(node, tree.File) else node.statements if isinstance(node, tree.Body) else ()
    for place, statement in enumerate(statements):
        if isinstance(statement, tree.Default):
            calls = [n for part in statements[place + 1 :] for n in tree_nodes(part) if isinstance(n, tree.Call)]
            if statement.callee.text not in {call.callee.text for call in calls}:
                message = f"no call below takes these defaults of `{statement.callee.text}`"
                yield _warning("W303", message, statement.callee, "leave them out")


def _decided(node: object) -> Iterator[Diagnostic]:
    """W304: a condition that names nothing, so that one of its sides is never taken."""
    conditions: Sequence[tree.Expr | None] = ()
    if isinstance(node, tree.If):
        conditions = [condition for condition, _ in node.cases]
    elif isinstance(node, tree.Choice | tree.Branch):
        conditions = [node.condition]
    elif isinstance(node, tree.Cond):
        conditions = [condition for _, condition in node.cases]
    for condition in conditions:
        if condition is not None and not identifiers(condition.span) - {"true", "false", "not", "and", "or"}:
            yield _warning("W304", "this condition is always the same", condition, "keep the side that it takes")
    if isinstance(node, tree.Repeat) and isinstance(node.count, tree.Literal) and node.count.value == 0:
        yield _warning("W304", "what is repeated 0 times is never there", node.count, "leave it out")

"""The calls in a body, without recursion into Python's stack."""

from __future__ import annotations

from collections.abc import Iterator

from netdsl.language import tree


def statements_in(body: tree.Body) -> Iterator[tree.Statement]:
    """Every statement of a body and of the bodies inside it, in text order."""
    stack: list[tree.Statement] = list(reversed(body.statements))
    while stack:
        statement = stack.pop()
        yield statement
        inner: list[tree.Statement] = []
        if isinstance(statement, tree.For | tree.Head):
            inner += statement.body.statements
        elif isinstance(statement, tree.If):
            for _, case in statement.cases:
                inner += case.statements
            inner += statement.otherwise.statements if statement.otherwise else ()
        for call in own_calls(statement):
            inner += call.braces.statements if call.braces else ()
        stack += reversed(inner)


def own_calls(statement: tree.Statement) -> Iterator[tree.Call]:
    """The calls of a statement's own chains, not those in braces."""
    chains: list[tree.Chain] = []
    if isinstance(statement, tree.Line | tree.Branch):
        chains.append(statement.chain)
    if isinstance(statement, tree.Branch) and statement.otherwise:
        chains.append(statement.otherwise)
    while chains:
        chain = chains.pop(0)
        for element in chain.elements:
            while isinstance(element, tree.Repeat):
                element = element.element
            if isinstance(element, tree.Call):
                yield element
            else:
                chains += [c for c in (element.chain, element.otherwise) if c is not None]


def calls_in(body: tree.Body) -> Iterator[tree.Call]:
    """Every call of a body, in braces too."""
    for statement in statements_in(body):
        yield from own_calls(statement)

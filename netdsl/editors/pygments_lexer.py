"""A lexer for Pygments, from the rules of the TextMate grammar: `pygmentize -l netdsl lenet5.net`."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, ClassVar

from pygments.lexer import RegexLexer, bygroups
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Whitespace

# The longest beginning of a scope decides.
TOKENS = {
    "comment": Comment.Single,
    "string": String.Double,
    "storage.type": Keyword.Declaration,
    "keyword": Keyword,
    "keyword.operator": Operator,
    "keyword.operator.logical": Operator.Word,
    "constant.language": Keyword.Constant,
    "constant.numeric": Number,
    "entity.name.type": Name.Class,
    "entity.name.function": Name.Function,
    "entity.name.label": Name.Label,
    "support.type": Name.Attribute,
    "variable": Name,
    "variable.language": Name.Builtin.Pseudo,
    "variable.parameter": Name.Attribute,
    "punctuation": Punctuation,
}


def token_of(scope: str) -> Any:
    """The token of Pygments for a scope of TextMate."""
    return TOKENS[max((known for known in TOKENS if scope.startswith(known)), key=len)]


def rules() -> list[tuple[str, Any]]:
    """The rules of the grammar, in its order, and one for blanks."""
    text = files("netdsl.grammar").joinpath("editors/netdsl.tmLanguage.json").read_text("utf-8")
    found: list[tuple[str, Any]] = []
    for rule in json.loads(text)["patterns"]:
        if "name" in rule:
            found.append((rule["match"], token_of(rule["name"])))
        else:
            groups = {int(number): token_of(group["name"]) for number, group in rule["captures"].items()}
            found.append((rule["match"], bygroups(*(groups.get(n, Whitespace) for n in range(1, max(groups) + 1)))))
    return [*found, (r"\s+", Whitespace)]


class NetLexer(RegexLexer):  # type: ignore[misc]
    """The `.net` language of netdsl."""

    name = "netdsl"
    aliases: ClassVar[list[str]] = ["netdsl"]
    filenames: ClassVar[list[str]] = ["*.net"]
    tokens: ClassVar[dict[str, Any]] = {"root": rules()}

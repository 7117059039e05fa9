"""Methods: what a setting names by a call such as `sgd(lr=0.01)`.

Each is one frozen dataclass, its fields are the arguments, and each field says what it takes. A family (losses,
optimisers, schedules, …) is a base class with a table of its own, `known`, in which every class that is given a `word`
stands under it.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, ClassVar

from netdsl.layers.values import Word, format_value


@dataclass(frozen=True)
class Method:
    """Base of the families; `class Sgd(Optimiser, word="sgd")` registers the name that a file writes."""

    word: ClassVar[str] = ""
    known: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls, word: str = "", **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if Method in cls.__bases__:
            cls.known = {}
        if word:
            cls.word = word
            cls.known[word] = cls

    @classmethod
    def declared(cls) -> list[Field[Any]]:
        """The arguments, those that may stand without their name first, in order."""
        return sorted((f for f in fields(cls) if "words" in f.metadata), key=lambda f: bool(f.kw_only))

    def __str__(self) -> str:
        """The call in the language, every argument by name."""
        given = {item.name: getattr(self, item.name) for item in self.declared()}
        shown = [f"{k}={format_value(list(v) if isinstance(v, tuple) else v)}" for k, v in given.items()]
        return f"{self.word}({', '.join(shown)})" if shown else self.word


def number(
    words: str,
    *,
    default: Any = MISSING,
    low: float = 0.0,
    above: float | None = None,
    below: float | None = None,
    kw_only: bool = False,
) -> Any:
    """Declare a number: at least `low`, or more than `above`, and less than `below`."""
    return _argument("number", words, default, kw_only, low=low, above=above, below=below)


def count(words: str, *, default: Any = MISSING, low: int = 0) -> Any:
    """Declare an integer of at least `low`."""
    return _argument("count", words, default, False, low=low)


def numbers(words: str) -> Any:
    """Declare a list of positive numbers that rise; one number alone is a list of one."""
    return _argument("numbers", words, MISSING, False)


def flag(words: str, *, default: bool = False) -> Any:
    """Declare a choice, by default off."""
    return _argument("flag", words, default, False)


def score(words: str, *, default: str) -> Any:
    """Declare the name of a score, such as `val_loss`."""
    return _argument("score", words, Word(default), False)


def _argument(kind: str, words: str, default: Any, kw_only: bool, **limits: Any) -> Any:
    metadata = {"kind": kind, "words": words, **limits}
    return field(kw_only=kw_only, metadata=metadata, **({} if default is MISSING else {"default": default}))

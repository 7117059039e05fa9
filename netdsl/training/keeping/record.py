"""What a weight file says about its tensors: the net, the data and the preparation that they belong to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


class BadRecord(Exception):
    """Which part of a record is not usable, in words."""


@dataclass(frozen=True)
class Record:
    """What the tensors belong to.

    `net` is the net's name, `texts` its files by name, `main` the name of the main one; `parameters` and `settings` are
    values as text in the language. `pipeline` is the preprocessing and its statistics, as `Pipeline.to_json` has it;
    `classes` are names by label; `data` says where the data came from, under `source`, and which bytes they were,
    under `sha256`; `steps` counts the updates. In a checkpoint of nets that are trained together `net` is all names
    with commas, and settings are those of each, `Generator.optimizer`, beside the `recipe`.
    """

    net: str
    main: str
    texts: Mapping[str, str]
    parameters: Mapping[str, str]
    settings: Mapping[str, str]
    pipeline: Any
    classes: tuple[str, ...]
    data: Mapping[str, str]
    steps: int

    def document(self) -> dict[str, Any]:
        """The record as JSON has it."""
        return asdict(self)


def read_record(document: Mapping[str, Any]) -> Record:
    """The record of a document, each part checked. Raises `BadRecord`."""
    values = {field.name: document.get(field.name) for field in fields(Record)}
    for name, fits in _FORMS.items():
        if not fits(values[name]):
            raise BadRecord(f"its record has no usable `{name}`")
    if values["main"] not in values["texts"]:  # type: ignore[operator]
        raise BadRecord("its record names a main text that it does not have")
    return Record(**{name: tuple(v) if name == "classes" else v for name, v in values.items()})  # type: ignore[arg-type]


def _is_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


_FORMS: dict[str, Callable[[Any], bool]] = {
    "net": _is_text,
    "main": _is_text,
    "texts": _is_texts,
    "parameters": _is_texts,
    "settings": lambda value: _is_texts(value) and any(name.rpartition(".")[2] == "loss" for name in value),
    "data": lambda value: _is_texts(value) and "source" in value,
    "steps": _is_count,
    "classes": lambda value: isinstance(value, list) and all(_is_text(name) for name in value),
}

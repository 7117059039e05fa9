"""What a weight file says about its tensors: the net, the data and the preparation that they belong to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
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
    with commas, and settings are those of each, `Generator.optimizer`, beside the `recipe`. `others` has the classes of
    the further outputs and heads that have labels of their own, none where these are numbers.
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
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The record as JSON has it; without `others` where there are none."""
        return {name: value for name, value in asdict(self).items() if value or name != "others"}


def read_record(document: Mapping[str, Any]) -> Record:
    """The record of a document, each part checked. Raises `BadRecord`."""
    values: dict[str, Any] = {one.name: document.get(one.name) for one in fields(Record)} | {
        "others": document.get("others", {})
    }
    for name, fits in _FORMS.items():
        if not fits(values[name]):
            raise BadRecord(f"its record has no usable `{name}`")
    if values["main"] not in values["texts"]:
        raise BadRecord("its record names a main text that it does not have")
    values |= {"classes": tuple(values["classes"])}
    values |= {"others": {name: tuple(classes) for name, classes in values["others"].items()}}
    return Record(**values)


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


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
    "classes": _are_names,
    "others": lambda value: isinstance(value, dict) and all(_are_names(classes) for classes in value.values()),
}

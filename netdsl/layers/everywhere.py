"""What every layer takes beside its own arguments: penalties, constraints and multipliers of its tensors."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from netdsl.errors import Fault

if TYPE_CHECKING:
    from netdsl.layers.base import Layer, Param


def _setting(kind: str, words: str, default: Any) -> Any:
    low = 0.0 if kind == "number" else None
    meta = {"kind": kind, "words": words, "low": low, "high": None, "choices": (), "like": ""}
    return field(default=default, metadata=meta | {"everywhere": True})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The arguments that every layer takes, all by name; see `training/rules.py` for what they do in a step."""

    l1: float = _setting("number", "penalty l1·Σ\\|w\\| of the weights", 0.0)
    l2: float = _setting("number", "penalty l2·Σw² of the weights", 0.0)
    bias_l1: float = _setting("number", "the same of the biases", 0.0)
    bias_l2: float = _setting("number", "the same of the biases", 0.0)
    act_l1: float = _setting("number", "penalty act_l1·Σ\\|y\\| of the output, mean over the images", 0.0)
    act_l2: float = _setting("number", "penalty act_l2·Σy² of the output, mean over the images", 0.0)
    constraint: object = _setting("constraint", "what the weights are kept to after each step", None)
    bias_constraint: object = _setting("constraint", "what the biases are kept to after each step", None)
    lr: float = _setting("number", "factor on the optimiser's step size", 1.0)
    decay: float = _setting("number", "factor on the optimiser's weight decay", 1.0)


BIASES = ("bias", "beta")
OF_WEIGHTS = ("l1", "l2", "constraint")
OF_BIASES = ("bias_l1", "bias_l2", "bias_constraint")
OF_ALL = ("lr", "decay")


def with_settings(layer: Layer, params: tuple[Param, ...]) -> tuple[Param, ...]:
    """The tensors of a layer with its penalties, constraints and multipliers; statistics are left alone."""
    return tuple(_with(layer, param) if param.role == "param" else param for param in params)


def _with(layer: Layer, param: Param) -> Param:
    if param.name in BIASES:
        penalties = {"l1": layer.bias_l1, "l2": layer.bias_l2, "constraint": layer.bias_constraint}
    else:
        penalties = {"l1": layer.l1, "l2": layer.l2, "constraint": layer.constraint}
    return replace(param, lr=layer.lr, decay=layer.decay, **penalties)  # type: ignore[arg-type]


def check_settings(layer: Layer, params: tuple[Param, ...]) -> None:
    """Raise `Fault` N236 where a setting is of a tensor that the layer does not have."""
    learned = [param for param in params if param.role == "param"]
    biases = [param for param in learned if param.name in BIASES]
    default = {item.name: item.default for item in fields(layer)}
    for names, there, what in (
        (OF_WEIGHTS, len(learned) > len(biases), "weight"),
        (OF_BIASES, bool(biases), "bias"),
        (OF_ALL, bool(learned), "tensor that is learned"),
    ):
        given = next((name for name in names if getattr(layer, name) != default[name]), None)
        if given is not None and not there:
            raise Fault("N236", f"`{given}` is of no use to this `{layer.keyword}`: it has no {what}", given)

"""Shapes of random convolutions, pools and transposed convolutions beside a count of their windows, and beside torch.

    python tools/shape_oracle.py                                    # 100,000 specifications
    python tools/shape_oracle.py --torch ../torch-env/bin/python    # and 5,000 of them through that Python's torch
    python tools/shape_oracle.py --runs 5000 --seed 2

Every specification is given to netdsl's layer and to an oracle that places windows one after the other; every twentieth
also to the language, as text. About a fifth is wrong on purpose. It is a mismatch where one accepts what the other
refuses, where shapes differ, where netdsl's code is none of those that apply, and where the derivation that netdsl
prints does not give its number. The environment may name the Python of --torch in NETDSL_TORCH_PYTHON. The last line
counts; exit 1 on a mismatch, or where a feature is too rare to prove anything.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections import Counter
from collections.abc import Iterator
from random import Random

from netdsl import NetError, parse
from netdsl.errors import Fault
from netdsl.layers.base import REGISTRY, make
from netdsl.layers.values import Size, Word, format_value
from netdsl.shapes import format_shape
from oracle.spec import Spec, draw, spoil
from oracle.torch_peer import ask_torch, speaks_torch
from oracle.walk import Verdict, expected

WRONG = 0.22
LEAST = {"wrong": 0.2, "asymmetric": 0.05, "ceil": 0.05, "dilation": 0.05, "output_pad": 0.05, "1-D": 0.05}
TEXT_EVERY = 20


def specifications(runs: int, seed: int) -> Iterator[tuple[Spec, Verdict]]:
    """Specifications with what they must give."""
    rng = Random(seed)
    for _ in range(runs):
        wanted_wrong = rng.random() < WRONG
        while True:
            spec = spoil(draw(rng), rng) if wanted_wrong else draw(rng)
            verdict = expected(spec)
            if (verdict[0] is None) == wanted_wrong:
                yield spec, verdict
                break


def given_to_layer(spec: Spec) -> Verdict:
    """What netdsl's layer says; a derivation that does not give its number counts as a refusal."""
    given = {name: Word(value) if isinstance(value, str) else value for name, value in spec.arguments().items()}
    try:
        layer = make(REGISTRY[spec.layer], given)
        shape = layer.out_shape(spec.shape)
    except Fault as fault:
        return None, {fault.code}
    for size, (axis, extent) in zip(shape, layer.extents(spec.shape), strict=False):
        if not size == extent.value == derived(extent.text):
            return None, {f"{axis}: {extent.text} is not {size}"}
    return shape, set()


def derived(text: str) -> int:
    """The number that a derivation such as `floor((5 + 2 - 3)/2) + 1 = 3` comes to."""
    formula = text.partition(" = ")[0].partition(" (the last")[0].replace("·", "*")
    return int(eval(formula, {"__builtins__": {}, "floor": math.floor, "ceil": math.ceil}))


def as_text(spec: Spec) -> str:
    """The specification as a net."""
    given = {name: Word(value) if isinstance(value, str) else value for name, value in spec.arguments().items()}
    words = [f"{name}={format_value(value)}" for name, value in given.items()]
    return f"net A {{\n  input x: {format_shape(Size(spec.shape))}\n  {spec.layer}({', '.join(words)})\n}}\n"


def given_to_language(spec: Spec) -> Verdict:
    """What the language says of it as text."""
    try:
        net = parse(as_text(spec))
    except NetError as error:
        return None, {d.code for d in error.diagnostics}
    return list(net)[-1].shape, set()


def agree(ours: Verdict, count: Verdict) -> bool:
    """Whether shapes are equal, or both refuse for the same reason."""
    return ours[0] == count[0] and (ours[0] is not None or ours[1] <= count[1])


def compare(runs: int, seed: int, *, torch: str | None, torch_runs: int) -> tuple[Counter[str], int, int]:
    """Tallies, how many were given to torch, and the number of mismatches, each of which is printed."""
    tallies, mismatches, asked = Counter[str](), 0, list[tuple[Spec, Verdict]]()
    for number, (spec, verdict) in enumerate(specifications(runs, seed)):
        tallies.update({spec.layer, "wrong" if verdict[0] is None else "right", *verdict[1], *spec.features()})
        answers = {"layer": given_to_layer(spec)}
        if number % TEXT_EVERY == 0:
            answers["language"] = given_to_language(spec)
            tallies["as text"] += 1
        for name, answer in answers.items():
            if not agree(answer, verdict):
                mismatches += 1
                print(f"the {name} says {answer}, the count {verdict}:\n{as_text(spec)}")
        if torch and len(asked) < torch_runs and speaks_torch(spec, verdict[1]):
            asked.append((spec, verdict))
        if (number + 1) % 10_000 == 0:
            print(f"{number + 1:,} of {runs:,}", file=sys.stderr, flush=True)
    shapes = ask_torch(torch, [spec for spec, _ in asked]) if torch else []
    for (spec, verdict), shape in zip(asked, shapes, strict=True):
        if shape == verdict[0]:
            tallies["torch refuses too" if shape is None else "torch agrees"] += 1
        else:
            mismatches += 1
            print(f"torch says {shape}, the count {verdict}:\n{as_text(spec)}")
    return tallies, len(asked), mismatches


def main() -> int:
    """Compare, and print the tallies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100_000, help="how many specifications")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other specifications")
    parser.add_argument("--torch", default=os.environ.get("NETDSL_TORCH_PYTHON"), help="a Python that has torch")
    parser.add_argument("--torch-runs", type=int, default=5000, help="how many of them torch is asked")
    given = parser.parse_args()
    tallies, asked, mismatches = compare(given.runs, given.seed, torch=given.torch, torch_runs=given.torch_runs)
    for name, count in sorted(tallies.items()):
        print(f"{name:<18}{count:>8,}  {count / given.runs:7.2%}")
    rare = [name for name, least in LEAST.items() if given.runs >= 1000 and tallies[name] < least * given.runs]
    if rare:
        print(f"too rare: {', '.join(rare)}")
    print(f"{given.runs:,} specifications, {asked:,} of them through torch: {mismatches:,} mismatches")
    return int(mismatches > 0 or bool(rare))


if __name__ == "__main__":
    sys.exit(main())

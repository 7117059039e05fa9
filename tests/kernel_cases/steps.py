"""One step of a plan, built by field names and run on arrays."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from netdsl import core
from netdsl.compiler.bytecode import CODES

FIELDS = {name: i for i, name in enumerate(core.field_names())}
KERNELS = {key: i for i, key in enumerate(core.kernel_names())}


@dataclass
class Operand:
    """An array of a step; `batched`: its first axis is the batch; `strides` over the step's axes, in elements.
    `in_lanes`: its first axis counts groups of 16 images, its last the images of a group.
    """

    array: Any
    batched: bool = False
    strides: tuple[int, ...] = ()
    shift: int = 0
    in_lanes: bool = False


def lanes(array, **more):
    """The array (n, …), or its like, with the batch in the lanes: (n / 16, …, 16)."""
    n = -(-len(array) // 16) * 16
    whole = np.zeros((n, *array.shape[1:]), array.dtype)
    whole[: len(array)] = array
    return Operand(
        np.ascontiguousarray(np.moveaxis(whole.reshape(-1, 16, *array.shape[1:]), 1, -1)), in_lanes=True, **more
    )


def from_lanes(array, n):
    """The first n images of an array with the batch in the lanes."""
    return np.moveaxis(array, -1, 1).reshape(-1, *array.shape[1:-1])[:n]


def images(array, **more):
    return Operand(array, batched=True, **more)


def fixed(array, **more):
    return Operand(array, **more)


def record(kernel, operands, isa, fields):
    """A record, and the sizes of the buffers: the arena and one for each operand."""
    row = np.zeros(len(FIELDS), np.int64)
    row[FIELDS["kernel"]] = KERNELS[kernel, isa]
    row[FIELDS["cost"]] = 10**6
    for name, number in fields.items():
        row[FIELDS[name]] = np.float64(number).view(np.int64) if name in core.real_fields() else number
    for i in range(8):
        row[FIELDS[f"x{i}_buffer"]] = -1
    sizes = [(0, 0)]
    for i, operand in enumerate(operands):
        if operand is None:
            sizes.append((0, 0))
            continue
        image = operand.array[:1].size if operand.batched or operand.in_lanes else 0
        row[FIELDS[f"x{i}_buffer"]], row[FIELDS[f"x{i}_image"]] = i + 1, image
        row[FIELDS[f"x{i}_offset"]] = operand.shift
        for axis, stride in enumerate(operand.strides):
            row[FIELDS[f"x{i}_stride{axis + 5 - len(operand.strides)}"]] = stride
        sizes.append((0, image) if operand.batched else (operand.array.size, 0))
    return row, sizes


def run(kernel, *operands, isa, threads=1, batch=None, **fields):
    """Run one step; outputs are changed in place. Returns the first operand's array."""
    row, sizes = record(kernel, operands, isa, fields)
    n = next((len(o.array) for o in operands if o is not None and o.batched), 1)
    engine = core.Engine(row[None], sizes, batch or max(n, 1))
    engine.fill_arena(np.nan)
    engine.run([None if o is None else o.array for o in operands], n, threads)
    return operands[0].array


def code(*instructions, constants=()):
    """Words of a bytecode program: instructions (operation, result, operands…) with places by number."""
    words = [len(instructions), len(constants)]
    for name, *places in instructions:
        words += [CODES.index(name), *places, *[0] * (4 - len(places))]
    return np.array([*words, *np.array(constants, np.float32).view(np.int32)], np.int32)


def ordered(w, step):
    """A weight (kh, kw, in/groups, out) whose taps are ordered by their remainders by `step`, then by place."""
    taps = sorted(np.ndindex(*w.shape[:2]), key=lambda tap: ([k % s for k, s in zip(tap, step, strict=True)], tap))
    return np.stack([w[tap] for tap in taps]).reshape(w.shape)


def panel(w, groups=1):
    """A weight (kh, kw, in/groups, out) in panels, by NumPy."""
    depth, out = int(np.prod(w.shape[:3])), w.shape[3] // groups
    blocks = -(-out // 16)
    padded = np.zeros((groups, blocks * 16, depth), np.float32)
    padded[:, :out] = w.reshape(depth, groups, out).transpose(1, 2, 0)
    return np.ascontiguousarray(padded.reshape(groups, blocks, 16, depth).transpose(0, 1, 3, 2)).reshape(-1)


def unpanel(flat, shape, groups=1):
    """The weight of a panel; asserts that the lanes past the last channel are 0."""
    depth, out = int(np.prod(shape[:3])), shape[3] // groups
    blocks = -(-out // 16)
    wide = flat.reshape(groups, blocks, depth, 16).transpose(2, 0, 1, 3).reshape(depth, groups, blocks * 16)
    assert not wide[:, :, out:].any()
    return wide[:, :, :out].reshape(shape)


def patches(x, kernel, stride, pad, dilation, upsample, size):
    """(n, oh, ow, kh, kw, c) in float64, zeros outside."""
    n, h, w, c = x.shape
    y = np.zeros((n, *size, *kernel, c))
    for oh in range(size[0]):
        for ow in range(size[1]):
            for kh in range(kernel[0]):
                for kw in range(kernel[1]):
                    ih, ph = divmod(oh * stride[0] - pad[0] + kh * dilation[0], upsample[0])
                    iw, pw = divmod(ow * stride[1] - pad[1] + kw * dilation[1], upsample[1])
                    if ph == pw == 0 and 0 <= ih < h and 0 <= iw < w:
                        y[:, oh, ow, kh, kw] = x[:, ih, iw]
    return y


def grouped(p, groups):
    """Patches as (rows, groups, depth)."""
    split = p.reshape(*p.shape[:5], groups, -1)
    return split.transpose(0, 1, 2, 5, 3, 4, 6).reshape(p.shape[0] * p.shape[1] * p.shape[2], groups, -1)


def geometry(x, out, *, kernel, stride=(1, 1), pad=(0, 0), dilation=(1, 1), upsample=(1, 1), groups=1):
    """Fields of a window: sizes of x (N, H, W, C) and of the result (H, W, C)."""
    pairs = {"kernel": kernel, "stride": stride, "dilation": dilation, "upsample": upsample}
    fields = {f"{name}_{axis}": pair[i] for name, pair in pairs.items() for i, axis in enumerate("hw")}
    fields |= dict.fromkeys(["in_d", "out_d", *(f"{name}_d" for name in pairs)], 1)
    fields |= {f"in_{a}": x.shape[1 + i] for i, a in enumerate("hwc")} | {
        f"out_{a}": out[i] for i, a in enumerate("hwc")
    }
    return fields | {"pad_top": pad[0], "pad_left": pad[1], "groups": groups}

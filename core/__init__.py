"""The compiled engine: plain C kernels behind one Cython module."""

from netdsl.core._engine import (
    MAX_THREADS,
    Engine,
    cpu,
    default_threads,
    field_names,
    isa,
    isas,
    kernel_hash,
    kernel_names,
    real_fields,
)

__all__ = [
    "MAX_THREADS",
    "Engine",
    "cpu",
    "default_threads",
    "field_names",
    "isa",
    "isas",
    "kernel_hash",
    "kernel_names",
    "real_fields",
]

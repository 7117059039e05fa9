"""Writes the Fashion-MNIST subset that ships with netdsl: the first rows of Debian's files, byte for byte.

Usage: python tools/make_fashion_mnist_subset.py [FOLDER], FOLDER being where the package `dataset-fashion-mnist`
puts its four files. The same input gives the same bytes: no time stamp, no file name in the gzip header.
"""

from __future__ import annotations

import gzip
import struct
import sys
from math import prod
from pathlib import Path

SOURCE = Path("/usr/share/datasets/fashion-mnist")
TARGET = Path(__file__).parent.parent / "netdsl" / "data" / "fashion_mnist"
ROWS = {
    "train-images-idx3-ubyte.gz": 6000,
    "train-labels-idx1-ubyte.gz": 6000,
    "t10k-images-idx3-ubyte.gz": 1000,
    "t10k-labels-idx1-ubyte.gz": 1000,
}


def first_rows(content: bytes, rows: int) -> bytes:
    """The IDX file that holds the first `rows` rows of the IDX file `content` of unsigned bytes."""
    assert content[:3] == b"\0\0\x08", "not an IDX file of unsigned bytes"
    header = 4 + 4 * content[3]
    count, *row_shape = struct.unpack(f">{content[3]}I", content[4:header])
    assert count >= rows, f"{count} rows; {rows} wanted"
    return content[:4] + struct.pack(">I", rows) + content[8 : header + rows * prod(row_shape)]


def main(source: Path) -> None:
    """Write the four files, from those in the folder `source`."""
    TARGET.mkdir(exist_ok=True)
    for name, rows in ROWS.items():
        subset = first_rows(gzip.decompress((source / name).read_bytes()), rows)
        (TARGET / name).write_bytes(gzip.compress(subset, compresslevel=9, mtime=0))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCE)

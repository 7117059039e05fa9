"""Faults of text at the command line: exit status 1, the place, the line, a caret, no traceback, in time."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

MEMORY = 512 * 2**20
BROKEN = {
    "2_odd_character": "net A {\n  input x: 8\n  dense(2)§\n}\n",
    "10_unclosed": "net A {\n  input x: 8\n  dense(2\n}\n",
    "11_nested": "net A { relu | " + "(" * 10**5,
    "12_tokens": "net A {\n  input x: 8\n  let k = " + "1 + " * 100_000 + "y\n  dense(2)\n}\n",
    "13_long_name": "net A {\n  input x: 8\n  " + "a" * (4 * 2**20 - 100) + ": relu\n}\n",
    "16_undefined": "net A {\n  input x: 8\n  C1: dense(2)\n  add(C2, _)\n}\n",
    "17_cycle": "block a { b }\nblock b { a }\nnet A { input x: 8; a }\n",
    "19_argument": "net A {\n  input x: 8x8x1\n  conv(4, 3x3, strid=2)\n}\n",
    "23_digits": f"net A {{\n  input x: 8\n  dense({'9' * 5000})\n}}\n",
    "26_repeats": "net A {\n  input x: 8\n  relu * 1000000000\n}\n",
    "28_many": "net A {\n  input x: 8\n" + "\n".join(f"  x{i}: dnse(2)" for i in range(5_000)) + "\n}\n",
    "34_window": "net A {\n  input x: 3x3x1\n  conv(4, 5x5)\n}\n",
    "36_product": "net A {\n  input x: 65536x65536x65536x65536\n  relu\n}\n",
    "39_merge": "net A {\n  input x: 8\n  a: dense(2)\n  add(a, x)\n}\n",
}


def limit() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (30, 30))


def run(folder: Path, name: str, **environment: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-P", "-m", "netdsl", "check", name]
    return subprocess.run(
        words, cwd=folder, env=os.environ | environment, capture_output=True, text=True, timeout=120, preexec_fn=limit
    )


@pytest.mark.parametrize("name", BROKEN)
def test_row_28_a_mistake_ends_the_command_with_its_place(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.net").write_text(BROKEN[name])
    done = run(tmp_path, "a.net")
    assert done.returncode == 1 and "Traceback" not in done.stderr and not done.stdout
    assert re.search(r"^error\[N\d{3}\]: .*\n +--> a\.net:\d+:\d+\n +\|\n +\d+ \| .*\n +\| +\^", done.stderr)
    assert max(map(len, done.stderr.splitlines())) <= 1024
    assert [path.name for path in tmp_path.iterdir()] == ["a.net"]


@pytest.mark.parametrize("name", ["pipe.net", "loop.net", "none.net", "/dev/zero", "folder.net", "sparse.net"])
def test_row_15_a_file_that_cannot_be_read_is_named_in_one_line(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe.net")
    (tmp_path / "loop.net").symlink_to("loop.net")
    (tmp_path / "folder.net").mkdir()
    with open(tmp_path / "sparse.net", "wb") as file:
        file.truncate(3 * 2**30)
    done = run(tmp_path, name)
    assert done.returncode == 1 and not done.stdout
    assert re.fullmatch(rf"error\[N00[12]\]: .*`{name}`.*\n", done.stderr)


def test_row_29_the_command_prints_the_same_bytes_under_every_hash_seed(tmp_path: Path) -> None:
    text = "net A {\n  input x: 8\n  a: dnse(2)\n  b: dense(2, unts=3)\n  add(a, foo)\n  conv(3, 3x3)\n}\n"
    (tmp_path / "a.net").write_text(text)
    assert len({run(tmp_path, "a.net", PYTHONHASHSEED=str(seed)).stderr for seed in range(5)}) == 1

"""Copies of the sources, compiled with other flags."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

from sanitize.plant import plant

ROOT = Path(__file__).resolve().parents[2]
C_FLAGS = ("-O1", "-g", "-fno-omit-frame-pointer", "-std=gnu11", "-fno-math-errno", "-fPIC")


def need(found: object, what: str) -> None:
    """End with a line that says what this machine lacks."""
    if not found:
        raise SystemExit(f"{what}, which this script needs")


def need_library(name: str) -> str:
    """The path of one of the compiler's libraries, such as libasan.so."""
    need(shutil.which("gcc"), "there is no `gcc`")
    path = subprocess.run(
        ["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True
    ).stdout.strip()
    need(Path(path).is_absolute(), f"gcc has no `{name}` (Debian: libgcc-dev; Fedora: {name.partition('.')[0]})")
    return path


def copy_kernels(to: Path, mistake: str | None) -> Path:
    """core/kernels in a folder of its own, with a mistake if one is to be planted."""
    shutil.copytree(ROOT / "core" / "kernels", to)
    if mistake:
        plant(to, mistake)
    return to


def compile_all(commands: Sequence[Sequence[str]], jobs: int) -> None:
    """Run the compiler, several at a time; end with what it says where it fails."""

    def run(command: Sequence[str]) -> None:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}\n{done.stderr}")

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(run, commands))


def build_package(to: Path, flags: Sequence[str], mistake: str | None, jobs: int) -> None:
    """The package netdsl under `to`, its extension compiled with `flags`."""
    need(find_spec("Cython"), "there is no `Cython` (pip install 'cython>=3.1,<3.4')")
    need(shutil.which("gcc"), "there is no `gcc`")
    package, unwanted = to / "netdsl", shutil.ignore_patterns("__pycache__", "*.so", "_engine.c")
    shutil.copytree(ROOT / "netdsl", package, ignore=unwanted)
    for folder in ("grammar", "architectures"):
        shutil.copytree(ROOT / folder, package / folder, ignore=unwanted)
    core = package / "core"
    core.mkdir()
    for path in (ROOT / "core").glob("*.p*"):
        shutil.copy(path, core)
    kernels = copy_kernels(core / "kernels", mistake)
    (kernels / "nd_hash.h").write_text('#define ND_HASH "sanitized"\n')
    compile_all([[sys.executable, "-m", "cython", "-3", str(core / "_engine.pyx")]], 1)
    sources = [core / "_engine.c", *sorted(kernels.glob("*.c"))]
    include = [f"-I{kernels}", f"-I{sysconfig.get_path('include')}"]
    compiler = ["gcc", *C_FLAGS, "-fopenmp", *flags]
    compile_all([[*compiler, *include, "-c", str(s), "-o", f"{s}.o"] for s in sources], jobs)
    library = core / f"_engine{sysconfig.get_config_var('EXT_SUFFIX')}"
    compile_all([[*compiler, "-shared", *(f"{s}.o" for s in sources), "-o", str(library)]], 1)

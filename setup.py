"""Builds netdsl: four source folders into one package, and one extension of plain C kernels behind Cython.

Everything else about the distribution is in pyproject.toml.
"""

import os
import tempfile
from glob import glob
from hashlib import sha256
from pathlib import Path

from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext

FOLDERS = {
    "netdsl": "netdsl",
    "netdsl.core": "core",
    "netdsl.grammar": "grammar",
    "netdsl.architectures": "architectures",
}
# gnu11, not c11: ISO mode switches fused multiply-add off. No -march=native (each kernel file names its instruction
# set) and no -ffast-math (its start-up file sets flush-to-zero for the whole process).
C_FLAGS = ["-O3", "-std=gnu11", "-fno-math-errno"]
OPENMP = "-fopenmp"


def cython_path() -> str:
    """A folder where Cython finds `netdsl.core`: it ignores `package_dir`, and leaves a .pxd it cannot place unread."""
    package = Path("build/cython_path/netdsl")
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.pxd").touch()
    link = package / "core"
    if not link.is_symlink():
        link.symlink_to(os.path.relpath("core", package), target_is_directory=True)
    return str(package.parent)


def hash_header() -> str:
    """`nd_hash.h`, where ND_HASH is a hash of the kernels' sources: files made for other kernels are known by it."""
    digest = sha256()
    for name in sorted(glob("core/kernels/*.[ch]")):
        digest.update(Path(name).name.encode() + b"\0" + Path(name).read_bytes() + b"\0")
    header, text = Path(cython_path(), "nd_hash.h"), f'#define ND_HASH "{digest.hexdigest()[:16]}"\n'
    if not header.exists() or header.read_text() != text:
        header.write_text(text)
    return str(header)


class BuildEngine(build_ext):
    """Builds with OpenMP where the compiler has it, and serially, with a warning, where it has not."""

    def build_extensions(self) -> None:
        if self.compiler.compiler_type == "unix" and not self._has_openmp():
            self.warn("the C compiler has no OpenMP: netdsl is built to run on one thread")
            for extension in self.extensions:
                extension.extra_compile_args.remove(OPENMP)
                extension.extra_link_args.remove(OPENMP)
        super().build_extensions()

    def _has_openmp(self) -> bool:
        from setuptools.errors import CompileError, LinkError

        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "probe.c")
            source.write_text("#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }\n")
            try:
                objects = self.compiler.compile([str(source)], output_dir=folder, extra_postargs=[OPENMP])
                self.compiler.link_executable(objects, str(Path(folder, "probe")), extra_postargs=[OPENMP])
            except (CompileError, LinkError):
                return False
        return True


def engine() -> list[Extension]:
    """`netdsl.core._engine`; rebuilt when any C source or header changes."""
    from Cython.Build import cythonize

    extension = Extension(
        "netdsl.core._engine",
        sources=["core/_engine.pyx", *sorted(glob("core/kernels/nd_*.c"))],
        depends=[*sorted(glob("core/kernels/*.h") + glob("core/*.pxd")), hash_header()],
        include_dirs=["core/kernels", cython_path()],
        extra_compile_args=[*C_FLAGS, OPENMP],
        extra_link_args=[OPENMP],
    )
    modules: list[Extension] = cythonize([extension], include_path=[cython_path()], language_level=3)
    return modules


setup(
    package_dir=FOLDERS,
    packages=[*find_packages(include=["netdsl", "netdsl.*"]), *list(FOLDERS)[1:]],
    include_package_data=False,
    package_data={
        "netdsl": ["py.typed"],
        "netdsl.data": ["fashion_mnist/*"],
        "netdsl.core": ["*.pyx", "*.pxd", "*.pyi", "kernels/*.h"],
        "netdsl.grammar": ["*.lark", "mistakes/*.net", "editors/*"],
        "netdsl.architectures": ["*.net", "blocks/*.net"],
    },
    ext_modules=engine(),
    cmdclass={"build_ext": BuildEngine},
)

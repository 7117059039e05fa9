"""What an installed netdsl holds, wherever it was installed from."""

import subprocess
import sys
import tomllib
from importlib.metadata import entry_points, requires, version
from importlib.resources import files
from pathlib import Path

import pytest

import netdsl

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_version_is_the_one_of_the_installed_distribution():
    assert version("netdsl") == netdsl.__version__


def test_command_is_installed():
    (command,) = entry_points(group="console_scripts", name="netdsl")
    assert command.value == "netdsl.cli:main"


def test_extras_are_installed_as_declared():
    extras = {line.split('extra == "')[1].rstrip('"') for line in requires("netdsl") or [] if "extra ==" in line}
    assert extras == set(PROJECT["optional-dependencies"])


@pytest.mark.parametrize(
    ("package", "name"),
    [
        ("netdsl", "py.typed"),
        ("netdsl.core", "_engine.pyi"),
        ("netdsl.grammar", "netdsl.lark"),
        ("netdsl.architectures", "lenet5.net"),
        ("netdsl.data", "fashion_mnist/LICENSE"),
        ("netdsl.data", "fashion_mnist/classes.txt"),
        ("netdsl.data", "fashion_mnist/train-images-idx3-ubyte.gz"),
    ],
)
def test_file_is_part_of_its_package(package, name):
    assert files(package).joinpath(name).is_file()


@pytest.mark.parametrize("folder", ["architectures", "grammar"])
def test_every_net_of_the_tree_is_installed(folder):
    found = [path.relative_to(ROOT / folder) for path in (ROOT / folder).rglob("*.net")]
    installed = files(f"netdsl.{folder}")
    assert [path for path in found if not installed.joinpath(*path.parts).is_file()] == []


def test_every_source_folder_is_a_package():
    folders = {path.parent for path in (ROOT / "netdsl").rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


@pytest.mark.parametrize("command", [["check", "lenet5"], ["summary", "lenet5"], ["draw", "lenet5", "-o", "x.svg"]])
def test_everything_but_running_works_without_the_extension(tmp_path, command):
    script = (
        "import sys; sys.modules['netdsl.core._engine'] = None; sys.argv[0] = 'netdsl'\n"
        "from netdsl.cli import main; main()\n"
    )
    subprocess.run([sys.executable, "-P", "-c", script, *command], cwd=tmp_path, check=True, timeout=60)

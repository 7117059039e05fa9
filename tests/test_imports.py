"""Who may import whom: the rooms of the house, and the doors between them."""

import ast
import sys
from pathlib import Path

import pytest

NETDSL = Path(__file__).parents[1] / "netdsl"
BASE = {"errors", "shapes", "symbolic", "files", "philox"}
DOORS = {
    "errors": {"shapes"},
    "shapes": {"errors", "symbolic"},
    "symbolic": {"errors"},
    "files": {"errors"},
    "codes": set(),
    "philox": set(),
    "ops": BASE,
    "layers": BASE | {"ops"},
    "graph": BASE | {"layers"},
    "language": BASE | {"grammar", "layers", "graph"},
    "lint": BASE | {"language", "layers", "graph"},
    "reference": BASE | {"graph", "ops"},
    "compiler": BASE | {"graph", "ops", "core"},
    "data": BASE,
    "editors": {"grammar"},
}
ABOVE = set(DOORS) - {"codes"} | {"grammar", "core"}
DOORS |= {room: ABOVE for room in ("training", "explain", "gpu", "report", "exchange")}
DOORS |= {room: ABOVE | {"training"} for room in ("sklearn", "tuning")}
EVERYTHING = set(DOORS) | {"grammar", "core", "architectures"}
DOORS |= {"__init__": EVERYTHING, "__main__": {"cli"}, "cli": EVERYTHING | {"__init__"}}
# Below the loop of a training, each room builds on those before it; the rooms above the loop use them all.
BELOW_THE_LOOP = {
    "optimise": set(),
    "scores": {"optimise", "batches"},
    "keeping": {"optimise", "scores"},
    "block": {"optimise", "scores", "keeping", "batches"},
}
CORE_USER = "compiler/program.py"
FILES = sorted(NETDSL.rglob("*.py"))


def room_of(file: Path) -> str:
    """The first folder below netdsl, or the module itself."""
    return file.relative_to(NETDSL).parts[0].removesuffix(".py")


def imported_rooms(file: Path) -> set[str]:
    """Rooms of netdsl that a file imports, in whatever place; the package itself is `__init__`."""
    names: list[str] = []  # `netdsl.__version__` is a constant and opens no door
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}:{node.lineno}: a relative import"
            module = node.module or ""
            names += (
                [f"netdsl.{alias.name}" for alias in node.names if alias.name != "__version__"]
                if module == "netdsl"
                else [module]
            )
    parts = [name.split(".") for name in names]
    modules = {path.name.removesuffix(".py") for path in NETDSL.iterdir()} | EVERYTHING
    return {name[1] if len(name) > 1 and name[1] in modules else "__init__" for name in parts if name[0] == "netdsl"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(NETDSL)))
def test_file_imports_only_rooms_it_has_a_door_to(file):
    room = room_of(file)
    assert room in DOORS, f"say in this test what `{room}` may import"
    assert imported_rooms(file) - {room} <= DOORS[room]


@pytest.mark.parametrize("room", BELOW_THE_LOOP)
def test_rooms_below_the_loop_import_only_those_before_them(room):
    found = set()
    for file in (NETDSL / "training" / room).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("netdsl.training"):
                below = (node.module or "").split(".")[2:]
                found |= {below[0]} if below else {alias.name for alias in node.names}
    assert found - {room} <= BELOW_THE_LOOP[room]


def test_core_is_imported_by_the_program_only():
    users = [str(file.relative_to(NETDSL)) for file in FILES if "core" in imported_rooms(file)]
    assert set(users) <= {CORE_USER}


def test_every_module_begins_with_its_docstring():
    bare = [str(file.relative_to(NETDSL)) for file in FILES if not ast.get_docstring(ast.parse(file.read_bytes()))]
    assert not bare


def test_third_party_imports_are_dependencies():
    allowed = {"netdsl", "numpy", "lark", "networkx", "pydot", "click", "rich", "safetensors", "PIL", "pygments"}
    allowed |= {"optuna", "reportlab", "simplejpeg", "sklearn", "tensorboardX"}  # of extras
    found = set()
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add((node.module or "").split(".")[0])
    assert found - set(sys.stdlib_module_names) <= allowed

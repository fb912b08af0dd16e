"""The house: a module imports from lower floors only, and siblings never import each other."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

FLOORS = {
    "autograd": [
        {"kinds", "colours"},
        {"elementary", "kinks"},
        {"primitives", "scopes", "indexing", "graph"},
        {"names"},
        {"value", "subscripts"},
        {"contraction", "views"},
        {"tensor"},
        {"functions"},
        {"anomaly", "check", "compiler", "drawing"},
        {"__init__"},
    ],
    "nn": [
        {"arguments", "check", "extras", "files", "init", "summary"},
        {"module"},
        {"layers", "norms", "losses", "optim", "data"},
        {"ways", "architecture", "export", "plots"},
        {"checkpoint", "history"},
        {"resume"},
        {"train"},
        {"classifier"},
        {"__init__"},
    ],
}
COMPILER = [
    {"boxes", "record", "ufuncs", "partials"},
    {"tape"},
    {"fold", "packs", "kernels"},
    {"lower", "memory", "needs"},
    {"batches", "formula", "rules"},
    {"matrices"},
    {"forward", "adjoints"},
    {"reverse"},
    {"machine"},
    {"engine", "trust"},
    {"worker", "describe", "profile"},
    {"team"},
    {"program"},
    {"__init__"},
]
DRAWING = [
    {"survey", "words", "look", "outline", "engines"},
    {"stages", "grids", "gradients", "dot", "svg"},
    {"homes", "products", "plan", "wanted"},
    {"layers", "alike", "parts", "paths", "operands", "snapshot"},
    {"groups", "page"},
    {"boxes"},
    {"choose"},
    {"drawing"},
    {"notebook"},
    {"__init__"},
]
CHECK = [
    {"arrays", "library", "attributes"},
    {"roles"},
    {"calls"},
    {"numeric", "exercised", "adapt"},
    {"compare", "directions"},
    {"findings"},
    {"factors", "pictures"},
    {"report"},
    {"arrangements", "places", "behaviour", "exact", "known"},
    {"diagnose"},
    {"gradients", "claims"},
    {"updates"},
    {"habits", "makers"},
    {"single"},
    {"losses", "probes"},
    {"layers"},
    {"__main__"},
    {"__init__"},
]
DATA = [
    {"dataset", "download"},
    {"digits", "idx", "synthetic"},
    {"mnist"},
    {"__init__"},
]
EXPORT = [
    {"walk", "weights", "torch_layers"},
    {"axes"},
    {"onnx_graph", "torch_in", "torch_out"},
    {"onnx_layers"},
    {"onnx_file"},
    {"__init__"},
]
PLOTS = [
    {"picture"},
    {"look"},
    {"watch"},
    {"curves", "maps", "pixels", "plane", "weights"},
    {"__init__"},
]
INNER = {
    "autograd/compiler": COMPILER, "autograd/drawing": DRAWING, "autograd/check": CHECK,
    "nn/data": DATA, "nn/export": EXPORT, "nn/plots": PLOTS,
}  # fmt: skip
SOURCES = [path for package in FLOORS for path in sorted((ROOT / package).rglob("*.py"))]
DEMOS = sorted((ROOT / "demos").glob("*.py"))


def imported(path):
    """(package, module or None) of every import of our packages, wherever it stands."""
    package = path.relative_to(ROOT).parts[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            if node.level:
                folder = path.relative_to(ROOT).parent.parts
                inner = folder[1 : len(folder) - node.level + 1]  # the folder that is meant
                names = [*inner[:1]] or ([node.module] if node.module else [])
                names = names or [alias.name for alias in node.names]
                yield from ((package, name.partition(".")[0]) for name in names)
            elif node.module.partition(".")[0] in FLOORS:
                head, _, tail = node.module.partition(".")
                yield head, tail or None
        elif isinstance(node, ast.Import):
            for alias in node.names:
                head, _, tail = alias.name.partition(".")
                if head in FLOORS:
                    yield head, tail or None


def floor_of(package, module):
    found = [k for k, names in enumerate(FLOORS[package]) if module in names]
    assert found, f"{package}/{module} has no floor"
    return found[0]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_to_lower_floors(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    package, module = parts[0], parts[1]
    own = floor_of(package, module)
    for other, name in imported(path):
        if other != package:
            assert (package, other, name) == ("nn", "autograd", None), f"imports {other}.{name}"
        elif name != module:
            assert floor_of(package, name) < own, f"{module} imports {name} from above or beside"


@pytest.mark.parametrize("path", DEMOS, ids=lambda p: p.name)
def test_demos_use_what_the_packages_export(path):
    assert all(name is None for _, name in imported(path))


def neighbours(path):
    """The modules of its own folder that a module imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            yield from [node.module] if node.module else [alias.name for alias in node.names]


@pytest.mark.parametrize(
    ("folder", "path"), [(f, path) for f in INNER for path in sorted((ROOT / f).glob("*.py"))]
)
def test_packages_have_floors_of_their_own(folder, path):
    floor = {name: k for k, names in enumerate(INNER[folder]) for name in names}
    for name in neighbours(path):
        assert floor[name] < floor[path.stem], f"{path.stem} imports {name} from above or beside"


def test_a_sideways_import_would_be_seen(tmp_path):
    assert floor_of("autograd", "value") == floor_of("autograd", "subscripts")
    assert floor_of("nn", "layers") == floor_of("nn", "losses")
    found = set(imported(ROOT / "nn" / "train.py"))
    assert {("nn", "data"), ("nn", "losses"), ("autograd", None)} <= found

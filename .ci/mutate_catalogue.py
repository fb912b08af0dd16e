"""Change the checker's catalogue at random, and see whether its tests notice.

    python .ci/mutate_catalogue.py --number 60 --seed 1

A change is one of meaning: a number, an operator, a comparison, a term that is dropped, operands in
the other order, another named change, another step, a row left out. What recognises an operation
or describes it is left alone, and so are words. Each is made in a copy of the packages, where the
tests of that file run until one fails; the survivors are printed.
"""

import argparse
import ast
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
CATALOGUE = "autograd/check/catalogue"
CHECKS = "tests/autograd/check"
TESTS = {  # the tests that are asked first, by file
    "activations": "activations", "activated": "activations", "arranging": "windows",
    "convolution": "dense", "dense": "dense", "entropy": "losses", "globalmean": "windows",
    "losses": "losses", "normalising": "norms", "pooling": "windows", "reductions": "losses",
    "softmax": "losses", "windows": "windows dense", "core": "losses dense",
    "changes": "losses dense norms windows",
}  # fmt: skip
NOT_MEANT = {  # functions that recognise and describe
    "readings", "_readings", "_geometries", "_plausible", "_margin", "_usual", "_words", "_biases",
    "steps", "together", "described", "arrangements", "_distinct", "_arranged", "geometry",
    "_dropout_readings", "_upsample_readings", "_flatten_readings", "_operation", "describe",
}  # fmt: skip
OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
COMPARISONS = {ast.Gt: ast.Lt, ast.Lt: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
NAMES = {  # named changes, each with another that is easily taken for it
    "FIRST": "LAST", "LAST": "FIRST", "zero": "one", "one": "zero", "squared": "inverted",
    "inverted": "squared", "the_output": "the_upstream", "the_upstream": "the_output",
    "alike": "only", "only": "alike", "sum": "mean", "mean": "sum", "max": "min", "min": "max",
}  # fmt: skip
Mutation = tuple[str, Callable[[], None]]  # in words, and what makes it


def mutations(tree: ast.Module) -> Iterator[Mutation]:
    """Every change of meaning in a module, at the lines of the original."""
    steps = sorted({step for row in rows(tree) for step in words(row.args[1])})
    yield from left_out(tree)
    for node in meant(tree):
        line = getattr(node, "lineno", 0)
        for what, change in of_node(node, steps):
            yield f"{line}: {what}", change


def rows(tree: ast.AST) -> list[ast.Call]:
    """The rows of mistakes."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [c for c in calls if isinstance(c.func, ast.Name) and c.func.id == "Mistake"]


def words(node: ast.expr) -> list[str]:
    """The steps that a row names."""
    return node.value.split() if isinstance(node, ast.Constant) else []


def meant(tree: ast.Module) -> Iterator[ast.AST]:
    """The nodes whose change is one of meaning: no annotations, docstrings or readings."""
    left = [tree]
    while left:
        node = left.pop()
        yield node
        for name, value in ast.iter_fields(node):
            if name not in ("annotation", "returns", "decorator_list"):
                children = value if isinstance(value, list) else [value]
                left += [c for c in children if isinstance(c, ast.AST) and not skipped(c)]


def skipped(node: ast.AST) -> bool:
    """What recognises or describes, constants that are layouts, and imports."""
    if isinstance(node, ast.FunctionDef):
        return node.name in NOT_MEANT
    if isinstance(node, ast.Assign | ast.AnnAssign):
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        name = target.id if isinstance(target, ast.Name) else ""
        return "LAYOUTS" in name or name in ("IMAGES", "KERNELS", "CLASSES", "EPS", "SETTINGS",
                                             "MEASURED", "BATCH", "LAYER", "OVER")  # fmt: skip
    return isinstance(node, ast.Import | ast.ImportFrom)


def left_out(tree: ast.Module) -> Iterator[Mutation]:
    """Rows that are missing."""
    tables = [n for n in ast.walk(tree) if isinstance(n, ast.Tuple)]
    for table in tables:
        for row in table.elts:
            if row in rows(table) or isinstance(row, ast.Starred):
                yield f"{row.lineno}: a row is left out", dropping(table.elts, row)


def dropping(elements: list[ast.expr], one: ast.expr) -> Callable[[], None]:
    """Take one element out."""
    return lambda: elements.remove(one)


def setting(node: ast.AST, **values: object) -> Callable[[], None]:
    """Set attributes of a node."""
    return lambda: [setattr(node, k, v) for k, v in values.items()] and None


def of_node(node: ast.AST, steps: list[str]) -> Iterator[Mutation]:
    """The changes of one node."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield f"{node.value} + 1", setting(node, value=node.value + 1)
    if isinstance(node, ast.BinOp):
        yield from of_product(node)
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        other = COMPARISONS[type(node.ops[0])]()
        yield f"{ast.unparse(node)} turned", setting(node, ops=[other])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield f"{ast.unparse(node)} without its sign", setting(node, op=ast.UAdd())
    if isinstance(node, ast.Name) and node.id in NAMES:
        yield f"{node.id} -> {NAMES[node.id]}", setting(node, id=NAMES[node.id])
    if isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield f".{node.attr} -> .{NAMES[node.attr]}", setting(node, attr=NAMES[node.attr])
    if node in rows(node):
        here = words(node.args[1])
        for step in [s for s in steps if s not in here][:2] if here else []:
            yield f"{here} -> {step}", setting(node.args[1], value=step)


def of_product(node: ast.BinOp) -> Iterator[Mutation]:
    """Another operator, one operand alone, the operands in the other order."""
    text = ast.unparse(node)
    if type(node.op) in OPERATORS:
        yield f"{text}, another operator", setting(node, op=OPERATORS[type(node.op)]())
    if isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div):
        yield f"{text}, the first alone", setting(node, op=ast.Mult(), right=ast.Constant(1))
    if isinstance(node.op, ast.Sub | ast.Div | ast.MatMult | ast.Pow):
        yield f"{text}, turned round", setting(node, left=node.right, right=node.left)


def drawn(number: int, seed: int) -> list[tuple[str, str, str]]:
    """Changes at random, spread over the files: (file, in words, new text)."""
    rng, found = random.Random(seed), []
    sizes = {f: len(list(mutations(ast.parse(text(f))))) for f in TESTS}
    places = [(file, k) for file, n in sizes.items() for k in range(n)]
    print(f"{len(places)} changes can be made", flush=True)
    for file, k in rng.sample(places, number):
        tree = ast.parse(text(file))
        what, change = list(mutations(tree))[k]
        change()
        found.append((file, what, ast.unparse(ast.fix_missing_locations(tree))))
    return found


def text(file: str) -> str:
    """A module of the catalogue."""
    return (ROOT / CATALOGUE / f"{file}.py").read_text(encoding="utf-8")


def noticed(folder: Path, file: str, source: str) -> bool:
    """Whether a test of the file fails with this text; also where it cannot end."""
    target = folder / CATALOGUE / f"{file}.py"
    target.write_text(source, encoding="utf-8")
    first = [f"{CHECKS}/test_oracles_{name}.py" for name in TESTS[file].split()]
    command = [sys.executable, "-m", "pytest", "-qx", "-n0", "-p", "no:cacheprovider",
               *first, f"{CATALOGUE}/changes.py", f"{CHECKS}/test_library_engine.py",
               f"{CHECKS}/test_library.py"]  # fmt: skip
    try:
        done = subprocess.run(command, cwd=folder, env={"PYTHONPATH": str(folder)}, timeout=600,
                              capture_output=True, check=False)  # fmt: skip
    except subprocess.TimeoutExpired:
        return True
    finally:
        target.write_text(text(file), encoding="utf-8")
    return done.returncode != 0


def main() -> int:
    """1 where fewer than nine of ten changes are noticed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--number", type=int, default=60, help="how many changes")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    caught = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("autograd", "nn", CHECKS, "pyproject.toml"):
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            (folder / part).parent.mkdir(parents=True, exist_ok=True)
            copy(ROOT / part, folder / part)
        for file, what, source in drawn(options.number, options.seed):
            caught += (seen := noticed(folder, file, source))
            print(f"{'caught  ' if seen else 'SURVIVED'} {file}.py:{what}", flush=True)
    print(f"{caught} of {options.number} caught")
    return int(caught < 0.9 * options.number)


if __name__ == "__main__":
    sys.exit(main())

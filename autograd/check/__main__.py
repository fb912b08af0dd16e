"""`python -m autograd.check mymodule:MyConv --input 2x3x6x5`: check a layer from the shell."""

import argparse
import ast
import functools
import importlib
import inspect
import json
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .layers import check_layer
from .report.report import Report
from .truth.verdict import RIGHT, WRONG

DESCRIPTION = "Check the hand-derived gradients of a layer class, over a grid of probes."
EPILOG = "Exit status: 0 right, 1 wrong, 2 undecided or a usage error."
STATUS = {RIGHT: 0, WRONG: 1}  # 2 where nothing can be said


class UsageError(Exception):
    """What the command line asks for is not there, or cannot be called so."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report; 0 right, 1 wrong, 2 undecided or a usage error."""
    parser = argparse.ArgumentParser(
        prog="python -m autograd.check", description=DESCRIPTION, epilog=EPILOG
    )
    add_options(parser)
    try:
        return run(parser.parse_args(arguments))
    except UsageError as error:
        print(f"autograd.check: {error}", file=sys.stderr)
        return 2


def run(options: argparse.Namespace) -> int:
    """Print the report, and give the exit status; UsageError where there is nothing to check."""
    report = checked(options)
    print(json.dumps(report.to_dict(), indent=1, default=str) if options.json else report)
    if options.explore:
        try:
            print(report.explore(options.explore), file=sys.stderr)
        except ValueError as error:
            raise UsageError(f"--explore: {error}") from error
    return STATUS.get(report.verdict, 2)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Tell a parser the command's options."""
    add = parser.add_argument
    add("layer", metavar="MODULE:CLASS", help="what to import from here: a class, object or list")
    add("--input", required=True, type=shape, metavar="2x3x6x5", help="the shape of the input")
    add("--arg", action="append", default=[], type=literal, help="an argument of the constructor")
    add("--kwargs", action="append", default=[], metavar="NAME=VALUE,...", help="named arguments")
    add("--learning-rate", type=float, help="for weights that are updated inside backward")
    add("--layout", help="what the axes of the input are: NCHW, NHWC, HW, ND, NTC, TNC, ...")
    add("--forward", help="the name of the forward method")
    add("--backward", help="the name of the backward method")
    add("--options", action="append", default=[], metavar="NAME=VALUE,...",
        help="values for other arguments of forward or backward; lists are arrays")  # fmt: skip
    add("--integers", nargs="?", type=span, const=(0, 255), metavar="LOW:HIGH",
        help="an input of integers from LOW to HIGH, both included (0:255)")  # fmt: skip
    add("--no-probe", dest="probe", action="store_false", help="check this one input alone")
    add("--seed", type=int, default=0, help="for the weights and the input")
    add("--json", action="store_true", help="print the report as JSON")
    add("--explore", metavar="PAGE", help="write how forward uses the worst entry, for a browser")


def shape(text: str) -> tuple[int, ...]:
    """`2x3x6x5` -> (2, 3, 6, 5)."""
    sides = text.lower().replace("×", "x").split("x")
    if not all(side.isdigit() and int(side) for side in sides):
        raise argparse.ArgumentTypeError(f"{text!r} is no shape such as 2x3x6x5")
    return tuple(map(int, sides))


def span(text: str) -> tuple[int, int]:
    """`0:9` -> (0, 9)."""
    try:
        low, high = map(int, text.split(":"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no range such as 0:255") from None
    if low > high:
        raise argparse.ArgumentTypeError(f"{text!r}: {low} is above {high}")
    return low, high


def literal(text: str) -> Any:
    """A Python number, tuple or string; what is none of them is a string as it stands."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def keywords(texts: Sequence[str], option: str = "--kwargs") -> dict[str, Any]:
    """`kernel_size=3, mode='same'` -> a dict; UsageError for what is not of this form."""
    found: dict[str, Any] = {}
    for text in texts:
        try:
            call = ast.parse(f"f({text})", mode="eval").body
            if not isinstance(call, ast.Call) or call.args or any(not k.arg for k in call.keywords):
                raise ValueError
            found |= {str(k.arg): literal(ast.unparse(k.value)) for k in call.keywords}
        except (SyntaxError, ValueError):
            raise UsageError(f"{option} {text!r}: write name=value, name=value") from None
    return found


def checked(options: argparse.Namespace) -> Report:
    """Import, construct and check; UsageError where one of them is impossible.

    What the user's code warns of goes into the report, each warning once.
    """
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("default")
        found = imported(options.layer)
        np.random.seed(options.seed)
        layer, make = constructed(found, options)
        named = ("learning_rate", "layout", "forward", "backward", "seed", "probe")
        given = {name: getattr(options, name) for name in named}
        given["options"] = {
            n: _as_array(v) for n, v in keywords(options.options, "--options").items()
        }
        try:
            report = check_layer(layer, drawn(options), make=make, **given)
        except Exception as error:  # the user's forward, on an input that does not suit it
            size = "x".join(map(str, options.input))
            what = f"{type(error).__name__}: {error}"
            raise UsageError(f"{options.layer} on --input {size}: {what}") from error
    lines = (
        f"{w.category.__name__}: {w.message} ({Path(w.filename).name}:{w.lineno})" for w in said
    )
    return replace(report, notes=(*report.notes, *dict.fromkeys(lines)))


def drawn(options: argparse.Namespace) -> Any:
    """The input: normal numbers, or integers."""
    rng = np.random.default_rng(options.seed)
    if options.integers is None:
        return rng.standard_normal(options.input)
    low, high = options.integers
    return rng.integers(low, high + 1, options.input)


def _as_array(value: Any) -> Any:
    """A list as an array, such as labels; everything else as it is."""
    return np.array(value) if isinstance(value, list) else value


def imported(text: str) -> Any:
    """What `module:name` (or a path `file.py:name`) stands for."""
    module, _, name = text.partition(":")
    if not name:
        raise UsageError(f"{text!r}: write MODULE:CLASS, such as mymodule:MyConv")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = importlib.import_module(module.removesuffix(".py").replace("/", "."))
        for part in name.split("."):
            found = getattr(found, part)
    except Exception as error:  # whatever the user's module raises
        raise UsageError(f"cannot import {text}: {type(error).__name__}: {error}") from error
    return found


def constructed(found: Any, options: argparse.Namespace) -> tuple[Any, Callable[..., Any] | None]:
    """(layer, what makes others like it) from a class; an object or a list is taken as it is."""
    named = keywords(options.kwargs)
    if not isinstance(found, type):
        if options.arg or named:
            raise UsageError(f"{options.layer} is no class: it takes no --arg or --kwargs")
        return found, None
    try:
        make = functools.partial(found, **bound(found, options.arg, named))
    except (TypeError, ValueError):
        make = functools.partial(found, *options.arg, **named)
    try:
        return make(), make
    except Exception as error:  # whatever the user's constructor raises
        said = f"{type(error).__name__}: {error}"
        raise UsageError(f"cannot make {options.layer} (--arg, --kwargs): {said}") from error


def bound(layer_class: type, positional: Sequence[Any], named: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a constructor by name, so that probes can change one of them.

    Raises TypeError where they do not fit, ValueError where some have no name.
    """
    signature = inspect.signature(layer_class)
    arguments = signature.bind(*positional, **named).arguments
    with_names = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    if any(signature.parameters[name].kind not in with_names for name in arguments):
        raise ValueError("arguments without names")
    return dict(arguments)


if __name__ == "__main__":
    sys.exit(main())

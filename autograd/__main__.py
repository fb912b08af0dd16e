"""The command `glassgrad`, also `python -m autograd`: see `glassgrad --help`."""

import argparse
import sys
from collections.abc import Sequence

from . import __version__
from .check import __main__ as check


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and give its exit status; 2, and a line on stderr, where it cannot be run."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (check.UsageError, ImportError, OSError, TypeError, ValueError) as error:
        print(f"glassgrad {options.command}: {' '.join(str(error).split())}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="glassgrad", description="Look at gradients and at models that were saved."
    )
    parser.add_argument("--version", action="version", version=f"glassgrad {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    made = commands.add_parser(
        "check",
        help="check the hand-derived gradients of a layer class",
        description=check.DESCRIPTION,
        epilog=check.EPILOG,
    )
    check.add_options(made)
    made.set_defaults(run=check.run)

    made = commands.add_parser(
        "explore",
        help="write a page that shows how a saved model reads an image",
        description="Write a page, to be opened in a browser, that shows how a saved model reads "
        "an image: every layer, every number, and the gradient of the score or loss.",
    )
    made.add_argument("model", help="a file that nn.save has written")
    made.add_argument("image", help="a picture, prepared as the file says, or numbers in a .npy")
    made.add_argument("--target", metavar="CLASS", help="show the loss for this class")
    made.add_argument("-o", "--output", metavar="PAGE", help="by default next to the image")
    made.add_argument("--open", action="store_true", help="show the page in the browser")
    made.set_defaults(run=_explore)

    made = commands.add_parser(
        "summary",
        help="print a saved model's layers, shapes and parameters",
        description="Print a saved model's layers, their shapes, parameters, multiply-adds and "
        "scalar nodes for one sample.",
    )
    made.add_argument("model", help="a file that nn.save has written")
    shape = "the shape of one sample, where the file does not say it"
    made.add_argument("--input", type=check.shape, metavar="1x28x28", help=shape)
    made.set_defaults(run=_summary)
    return parser


def _explore(options: argparse.Namespace) -> int:
    from nn import commands

    how = options.target, options.output, options.open
    print(commands.explore(options.model, options.image, *how))
    return 0


def _summary(options: argparse.Namespace) -> int:
    from nn import commands

    print(commands.summary(options.model, options.input))
    return 0


if __name__ == "__main__":
    sys.exit(main())

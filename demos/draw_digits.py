"""Draw a digit with the mouse, and see what a CNN makes of it while you draw.

The window shows the probability of each class, the 28×28 pixels that the network sees, which of
them matter (the gradient of a class's score, computed by the engine), and the feature maps of the
convolutions. Click on a class's bar to see what would speak for that class. "Explore this digit"
opens a page in the browser with every multiplication that made the network read it so.

At the first start the network learns from the 10,000 images of MNIST beside this file, for about
half a minute; it is kept in your cache folder.

    python demos/draw_digits.py                  all ten digits
    python demos/draw_digits.py --classes 0 1    zeros against ones
    python demos/draw_digits.py --full           learns from all 60,000 images, which are downloaded

Ctrl+Z or Backspace takes back a stroke, Escape or Delete all of them, E explores the digit.
"""

import argparse
import ctypes
import signal
import sys
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data" / "mnist-10k"
DIGITS = list(range(10))


def main(arguments: list[str] | None = None) -> None:
    """Open the window, and end when it is closed."""
    options = parse(arguments)
    if sys.platform == "win32":  # draw in the screen's own pixels
        ctypes.windll.shcore.SetProcessDpiAwareness(1)
    try:
        import tkinter

        root = tkinter.Tk(className="Glassgrad")
    except ImportError:
        sys.exit("draw_digits needs tkinter: apt install python3-tk, or brew install python-tk")
    except tkinter.TclError as error:
        sys.exit(f"draw_digits needs a display: {error}")
    from draw_digits_window import Window

    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C ends it also where Tk is waiting
    window = Window(root, options)
    root.mainloop()
    window.learner.join(timeout=5)
    if window.learner.error:
        complain(window.learner.error)


def complain(error: Exception) -> None:
    """End with a line about what the user can mend; other errors are raised."""
    if isinstance(error, ValueError | OSError | ImportError):
        sys.exit(f"draw_digits: {error}")
    raise error


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add: Any = parser.add_argument
    add("--classes", type=int, nargs="+", metavar="K", default=DIGITS, help="digits (default: all)")
    add("--model", metavar="PATH", help="where the network is kept (default: your cache folder)")
    add("--retrain", action="store_true", help="learn anew, although a network is kept")
    add("--root", metavar="FOLDER", default=DATA, help="MNIST's files (default: those beside this)")
    add("--full", action="store_true", help="download MNIST, and learn from all of it")
    add("--train", type=count, metavar="N", help="learn from the first N images (default: all)")
    add("--epochs", type=count, help="passes over the images (default: 20, with --full 5)")
    add("--seed", type=int, default=0, help="rules weights, order and bending (default: 0)")
    add("--dark", action="store_true", help="light ink on dark paper")
    options = parser.parse_args(arguments)
    classes = set(options.classes)
    if not classes <= set(DIGITS) or len(classes) < max(2, len(options.classes)):
        parser.error("--classes takes two different digits or more, from 0 to 9")
    options.epochs = options.epochs or (5 if options.full else 20)
    return options


def count(text: str) -> int:
    """A positive int of the command line."""
    if int(text) < 1:
        raise ValueError(text)
    return int(text)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    main()

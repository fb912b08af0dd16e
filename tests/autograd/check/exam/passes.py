"""All passes of the examination: each module adds its own."""

from importlib import import_module
from pathlib import Path

from wrong_passes import CASES, RIGHT

for path in sorted(Path(__file__).parent.glob("exam_*.py")):
    import_module(path.stem)

__all__ = ["CASES", "RIGHT"]

"""Optional libraries: imported where they are first used, and asked for by name where missing."""

import importlib
from typing import Any


def needs(module: str, user: str, extra: str) -> Any:
    """Import a module for `user`; ImportError with the command that installs it, where missing."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        raise ImportError(
            f'{user} needs {library}: pip install "{extra}"', name=library
        ) from error

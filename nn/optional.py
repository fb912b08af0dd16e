"""Optional libraries: imported where they are first used, and asked for by name where missing."""

import importlib
from typing import Any

LIBRARIES = {
    "PIL": "pillow",
    "sklearn": "scikit-learn",
}  # where what is imported is called otherwise than installed


def needs(module: str, user: str, extra: str) -> Any:
    """Import a module for `user`; ImportError with the command that installs it, where missing."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        name = module.partition(".")[0]
        library = LIBRARIES.get(name, name)
        raise ImportError(f'{user} needs {library}: pip install "{extra}"', name=name) from error

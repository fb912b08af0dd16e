"""Elementary functions of vectors for the C dialect: the text of those that a program uses, and
what NumPy lacks of them.
"""

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files


def elementary(names: Iterable[str], dtype: str) -> str:
    """C text of the wanted functions and of what they need, each once and after what it needs.

    "exp" is `vector exp_(vector x)`, and so are log, sqrt, sin, cos, tanh, sigmoid, softplus, erf;
    "pow" is `vector pow_(vector x, vector n)`. The dtype is "float32" or "float64".
    """
    sections = _sections(dtype)
    wanted = {f"{name}_" for name in names}
    if unknown := wanted - sections.keys():
        raise ValueError(f"no elementary function in C: {', '.join(sorted(unknown))}")
    for name in reversed(sections):
        if name in wanted:
            code = re.sub("//.*", "", sections[name])
            wanted |= sections.keys() & set(re.findall(r"\w+", code))
    return "\n".join(text for name, text in sections.items() if name in wanted)


@cache
def erf_polynomials(dtype: str) -> tuple[list[float], list[float], float]:
    """P and G of erf x = x + x·P(x²) for 0 <= x <= 1, and 1 - e^-G(x) above, up to an end where
    erf is 1: coefficients from that of the highest power on, as the C text has them.
    """
    near, far = (_sections(dtype)[name] for name in ("erf_near_", "erfc_far_"))
    (end,) = re.findall(r"splat\((\d+)\)", far)
    lists = [re.findall(r"[-\d.]+e[-+]\d+", text) for text in (near, far)]
    p, g = ([float(c) for c in found] for found in lists)
    return p, g, float(end)


@cache
def _sections(dtype: str) -> dict[str, str]:
    """The sections of the C files by name; each uses only names of those before it."""
    names = [f"elementary_{dtype}.c", "elementary.c"]
    text = "\n".join(files(__package__).joinpath(name).read_text("utf-8") for name in names)
    parts = re.split(r"^// == (\w+) ==$\n", text, flags=re.MULTILINE)
    return {name: text.strip() + "\n" for name, text in zip(parts[1::2], parts[2::2], strict=True)}

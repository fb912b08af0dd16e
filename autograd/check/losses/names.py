"""What the arguments of a loss are called: targets, predictions, caches."""

import re

from ..layer import naming

NEITHER = r"(?!.*(pred|hat|logit|score|prob|mask|weight|len|smooth|num|size|margin))"
TARGET = [  # the strongest first: the t of (y, t) is the target, as is the y of (x, y)
    re.compile(NEITHER + names, re.I)
    for names in (
        r".*(true|target|label|expect|ground|truth|desired|one_?hot|reference).*",
        r".*actual.*",
        r"t|tgt|gt|ts|y_?t|targs?|answers?|class(es)?|.*(idx|indices)|d",
        r"ys?|y_?(batch|train|b|i)",
    )
]
PREDICTION = [re.compile(r".*(pred|hat|logit|score|prob|output).*|y_?p", re.I)]
CACHE = [re.compile("|".join(naming.CACHES), re.I)]
LOSS = [re.compile(r"loss(_value)?|cost", re.I)]
UPSTREAM = [re.compile(naming.UPSTREAM.pattern + ".*")]


def is_target(name: str) -> bool:
    """True for `y_true`, `labels`, `t`, `y`."""
    return any(pattern.fullmatch(name) for pattern in TARGET)

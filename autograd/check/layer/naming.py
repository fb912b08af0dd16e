"""What a name announces: `dW`, `grad_w`, `weights_gradient`, `d_L_d_filters`, `grads['W']`."""

import re
from typing import Any

from .attributes import Path

BEFORE = re.compile(
    r"_*(?:d_?l(?:oss)?_?d_?|d_?loss_?|(?:grad(?:ient)?s?|deriv(?:ative)?s?)_?(?:of_|wrt_)?"
    r"|partial_|nabla_?|delta_?|del_|d_?)",
    re.IGNORECASE,
)
AFTER = re.compile(r"_?(?:grad(?:ient)?s?|deriv(?:ative)?s?|deltas?|diff|error)_*$", re.IGNORECASE)
BARE = re.compile(
    r"_*(?:d|grads?|gradients?|derivatives?|deltas?|d_?param(?:eter)?s|(?:param(?:eter)?s?_?)?"
    r"grad(?:ient)?s?(?:_?param(?:eter)?s?)?)_*",
    re.IGNORECASE,
)
CONTAINER = re.compile(r"_*(?:(?:trainable_|learnable_)?param(?:eter)?s?|theta|variables)_*", re.I)
WRAPPED = {"value", "data", "val", "v", "array", "tensor", "values"}
CONCEPTS = {
    "weight": "w weight weights kernel kernels filter filters k f theta conv_filter conv_filters"
    " filters_matrix conv_kernel coefficients",
    "bias": "b bias biases c offset",
    "gamma": "gamma g scale",
    "beta": "beta shift",
    "input": "x input inputs input_data a a_prev prev in data image images img layer_input"
    " last_input prev_layer aprev layer_inputs features",
}
CONCEPT_OF = {name: concept for concept, names in CONCEPTS.items() for name in names.split()}
RATES = {"lr", "rate", "eta", "alpha", "step_size", "learningrate", "learn_rate", "l_rate", "a_lr"}
TRAINING = {"training", "train", "is_training", "train_flg", "is_train", "train_mode", "mode"}
CACHES = {"cache", "memory", "ctx", "context", "saved", "caches"}
UPSTREAM = re.compile(
    r"_*(?:d[A-Z_]|d(?:out|z|a|y|h|output|values|loss|l)|.*grad|delta|.*error|err$|upstream|.*deriv"
    r"|.*delta)"
)


def concept(name: str) -> tuple[str, str]:
    """("weight", "1") for `W1`: what the field calls it, and what tells it from its like."""
    lower = name.lower().strip("_")
    word = lower.rstrip("0123456789")
    return CONCEPT_OF.get(word.rstrip("_"), word), lower[len(word) :]


def stems(name: str) -> list[str]:
    """What a name says that it is the gradient of: `dW` -> W, `kernel_grad` -> kernel."""
    found = []
    before, after = BEFORE.match(name), AFTER.search(name)
    if before:
        found.append(name[before.end() :])
        if name[:1] == "d":  # `db` is no `d` + `b` to a pattern that also knows `dLd`
            found.append(name[1:].lstrip("_"))
    if after:
        found.append(name[: after.start()])
    return [stem for stem in found if stem]


def is_bare(name: Any) -> bool:
    """True for `grad`, `grads`, `gradients`: a gradient, and the name does not say of what."""
    return isinstance(name, str) and BARE.fullmatch(name) is not None


def likeness(gradient: Path, thing: Path) -> int:
    """How well the name at one path announces the gradient of another: 0 not at all, to 3."""
    g, p = [step.key for step in gradient], [step.key for step in thing]
    if len(p) > 1 and p[-1] in WRAPPED:
        p = p[:-1]
        if is_bare(g[-1]):
            return 3 if [*g[:-1]] == p else 0
    heads = [key for key in g[:-1] if not is_bare(key)], [k for k in p[:-1] if not is_container(k)]
    if heads[0] != heads[1]:
        return 0
    marked = any(is_bare(key) for key in g[:-1])
    return similarity(g[-1], p[-1], marked)


def is_container(key: Any) -> bool:
    """True for `params`, `parameters`: a place for weights, not a name of one."""
    return isinstance(key, str) and CONTAINER.fullmatch(key) is not None


def similarity(gradient: Any, thing: Any, marked: bool) -> int:
    """How well one key announces the gradient of another; `marked`: the container says so."""
    if not isinstance(gradient, str) or not isinstance(thing, str):
        return 3 if marked and gradient == thing else 0
    names = stems(gradient) + [gradient] * marked
    if thing in names:
        return 3
    return 2 if concept(thing) in map(concept, names) else 0


def is_of_input(gradient: Path) -> bool:
    """True for `dinputs`, `dX`, `input_gradient`, `grads['x']`."""
    marked = any(is_bare(step.key) for step in gradient[:-1])
    name = gradient[-1].key
    if not isinstance(name, str):
        return False
    return any(concept(stem)[0] == "input" for stem in stems(name) + [name] * marked)


def is_rate(name: str) -> bool:
    """True for `lr`, `learning_rate`, `eta`, `learnRate`."""
    lower = name.lower().strip("_")
    return lower in RATES or "learning_rate" in lower or "learningrate" in lower


def is_upstream(name: str) -> bool:
    """True for `dout`, `output_gradient`, `grad`, `dA`, `delta`, `error`."""
    return UPSTREAM.match(name) is not None

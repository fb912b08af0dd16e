"""What a name announces: `dW`, `grad_w`, `weights_gradient`, `d_L_d_filters`, `grads['W']`."""

import re
from typing import Any

from .attributes import Path

BEFORE = re.compile(
    r"_*(?:d_?[ljec](?:oss)?_?d_?|d_?loss_?|(?:grad(?:ient)?s?|deriv(?:ative)?s?)_?(?:of_|wrt_)?"
    r"|partial_|nabla_?|delta_?|del_|d_?)",
    re.IGNORECASE,
)
AFTER = re.compile(r"_?(?:grad(?:ient)?s?|deriv(?:ative)?s?|deltas?|diff|error)_*$", re.IGNORECASE)
BARE = re.compile(
    r"_*(?:d|grads?|gradients?|derivatives?|deltas?|d_?param(?:eter)?s|(?:param(?:eter)?s?_?)?"
    r"grad(?:ient)?s?(?:_?param(?:eter)?s?)?)_*",
    re.IGNORECASE,
)
CONTAINER = re.compile(
    r"_*(?:(?:trainable_|learnable_)?(?:param(?:eter)?s?|weights)|theta|variables)_*", re.I
)
WRAPPED = {"value", "data", "val", "v", "array", "tensor", "values"}
CONCEPTS = {
    "weight": "w weight weights kernel kernels filter filters k f theta conv_filter conv_filters"
    " filters_matrix conv_kernel coefficients",
    "bias": "b bias biases c offset",
    "gamma": "gamma g scale",
    "beta": "beta shift",
    "input": "x xs xt x_t input inputs input_data a a_prev prev in data image images img"
    " layer_input last_input prev_layer aprev layer_inputs features",
}
CONCEPT_OF = {name: concept for concept, names in CONCEPTS.items() for name in names.split()}
INPUTS = {"x", "xs", "xt", "x_t", "input", "inputs"}  # which no state is ever called
ROLES = {  # of the arguments of recurrent cells and of attention
    "h": "h hidden hidden_state hs",
    "state": "state states",
    "c": "c cell cell_state cs",
    "q": "q query queries",
    "k": "k key keys",
    "v": "v value values",
}
STATES = {"h", "c", "state"}
ROLE_OF = {name: role for role, names in ROLES.items() for name in names.split()}
AROUND = re.compile(r"prev(?:ious)?|next|last|new|cur(?:r(?:ent)?)?|init(?:ial)?|final")
RATES = {"lr", "rate", "eta", "alpha", "step_size", "learningrate", "learn_rate", "l_rate", "a_lr"}
TRAINING = {"training", "train", "is_training", "train_flg", "is_train", "train_mode", "mode"}
OUTPUTS = {"output", "outputs", "out", "o", "y", "a", "z", "y_hat", "yhat", "y_pred", "pred"}
CACHES = {"cache", "memory", "ctx", "context", "saved", "caches"}
CONTEXT = "ctx"  # which keeps what forward saves for backward
TARGET = re.compile(r".*(?:true|target|label|expect|truth|desired)")
UPSTREAM = re.compile(
    r"_*(?:d(?!ata|im|epth|ilation|ropout|type|evice|ebug|ecay|ict|one|atum)|.*grad|.*delta|.*error"
    r"|err$|upstream|.*deriv|g$|gy$|gout$)"
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
    if name[:1] in ("d", "g"):  # `db` is no `d` + `b` to a pattern that also knows `dLd`
        found.append(name[1:].lstrip("_"))
    if after:
        found.append(name[: after.start()])
    return [stem for stem in found if stem]


def role(name: str) -> str:
    """`h` for `h_prev`, `next_h` and `hidden_state`: what a thing is, at whatever time."""
    core = AROUND.sub("", name.lower()).strip("_0").replace("__", "_")
    return ROLE_OF.get(core, core)


def is_state(gradient: Path) -> bool:
    """True for `dh_prev`, `dstate`: the gradient of what a recurrent cell carries on."""
    name = gradient[-1].key if gradient else None
    return isinstance(name, str) and any(role(stem) in STATES for stem in stems(name))


def is_of_time(name: str) -> bool:
    """True for `a_prev`, `last_state`: what comes from the step before."""
    return AROUND.search(name.lower()) is not None


def announces(gradient: Any, thing: str, marked: bool = False) -> float:
    """How well a name announces the gradient of an argument: 0 not at all, to 3."""
    likeness = similarity(gradient, thing, marked)
    if likeness == 3 or not isinstance(gradient, str):
        return likeness
    return 2.5 if role(thing) in map(role, stems(gradient) + [gradient] * marked) else likeness


def is_bare(name: Any) -> bool:
    """True for `grad`, `grads`, `gradients`: a gradient, and the name does not say of what."""
    return isinstance(name, str) and BARE.fullmatch(name) is not None


def is_wrapper(thing: Path) -> bool:
    """True for `W.value`, `W.v`, `params['W']['value']`: what holds the numbers of a weight."""
    step = thing[-1]
    return len(thing) > 1 and step.key in WRAPPED and (step.attribute or len(step.key) > 1)


def likeness(gradient: Path, thing: Path) -> int:
    """How well the name at one path announces the gradient of another: 0 not at all, to 3."""
    g, p = [step.key for step in gradient], [step.key for step in thing]
    if is_wrapper(thing):
        p = p[:-1]
        if is_bare(g[-1]):
            return 3 if [*g[:-1]] == p else 0
    marked = any(is_bare(key) for key in g[:-1])
    g = [key for key in g[:-1] if not is_bare(key)] + g[-1:]
    p = [key for key in p[:-1] if not is_container(key)] + p[-1:]
    if marked and len(g) < len(p):  # grads['W'] for weights['first']['W'], if for nothing else
        return min(2, similarity(g[-1], p[-1], marked)) if g[:-1] == p[-len(g) : -1] else 0
    if len(g) != len(p):
        return 0
    if g[:-1] == p[:-1]:
        return similarity(g[-1], p[-1], marked)
    apart = [k for k in range(len(g)) if g[k] != p[k]]  # `d_kernels[0][1]` for `kernels[0][1]`
    return similarity(g[apart[0]], p[apart[0]], False) if len(apart) == 1 else 0


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

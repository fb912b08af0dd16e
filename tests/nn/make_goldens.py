"""Write goldens*.json.gz: what PyTorch computes in float64 where test_goldens.py asks our layers.

Run it with torch 2.13.0 (CPU), from any directory; the same cases give the same bytes:

    python tests/nn/make_goldens.py

A case is a line of our own API, such as "Conv2D(1, 2, 3, stride=2)". The test builds our layer
from it, and this script PyTorch's, whose classes get our names in `peers`. Each case has a seed of
its own, so a new case leaves the numbers of the others as they are.
"""

import gzip
import json
import zlib
from functools import partial
from itertools import product
from pathlib import Path

import golden_layers

HERE = Path(__file__).parent
TORCH = "2.13.0"
DIGITS = 13  # significant ones of what PyTorch computes; what is drawn has two decimals

# --- cases: our API, and the shape of the input --------------------------------------------------

CONVOLUTIONS = [
    ("Conv2D(1, 1, 1)", (1, 3, 3)),
    ("Conv2D(1, 2, 3)", (1, 5, 6)),
    ("Conv2D(3, 2, (2, 3))", (2, 3, 4, 5)),
    ("Conv2D(4, 3, (3, 1), bias=False)", (2, 4, 4, 3)),
    ("Conv2D(2, 3, (4, 5))", (2, 4, 5)),
    ("Conv2D(2, 2, 2)", (2, 3, 2, 3, 3)),
    ("Conv2D(1, 2, 3, stride=2)", (1, 7, 7)),
    ("Conv2D(1, 2, 3, stride=2)", (2, 1, 6, 8)),
    ("Conv2D(2, 1, 2, stride=(1, 2), bias=False)", (2, 2, 4, 5)),
    ("Conv2D(1, 2, (2, 3), stride=(3, 2))", (2, 3, 1, 7, 8)),
    ("Conv2D(1, 1, 2, stride=3)", (1, 7, 9)),
    ("Conv2D(1, 1, 3, stride=9)", (1, 5, 5)),
    ("Conv2D(2, 2, 3, padding=1)", (2, 2, 4, 3)),
    ("Conv2D(1, 2, (3, 5), padding=(0, 2))", (1, 4, 5)),
    ("Conv2D(1, 1, 2, padding=3)", (1, 2, 3)),
    ("Conv2D(2, 1, 3, stride=2, padding=(2, 1))", (2, 3, 2, 4, 5)),
    ("Conv2D(2, 2, 3, padding='valid')", (2, 4, 4)),
    ("Conv2D(2, 2, 3, padding='same')", (2, 2, 4, 5)),
    ("Conv2D(1, 2, 2, padding='same')", (1, 3, 4)),
    ("Conv2D(3, 1, (2, 4), padding='same')", (2, 3, 3, 5)),
    ("Conv2D(1, 1, (3, 2), padding='same', dilation=(2, 3))", (1, 4, 5)),
    ("Conv2D(1, 1, 5, padding='same')", (1, 2, 3)),
    ("Conv2D(1, 2, 2, dilation=2)", (1, 5, 4)),
    ("Conv2D(2, 2, (2, 3), dilation=(1, 2))", (2, 2, 3, 6)),
    ("Conv2D(2, 1, 2, stride=2, padding=1, dilation=(3, 2))", (2, 3, 2, 4, 5)),
    ("Conv2D(4, 4, 3, groups=2)", (2, 4, 4, 4)),
    ("Conv2D(3, 3, 2, groups=3)", (3, 3, 4)),
    ("Conv2D(2, 4, 2, groups=2, bias=False)", (2, 3, 2, 3, 3)),
    ("Conv2D(4, 6, (1, 2), stride=2, padding=(0, 1), groups=2)", (2, 4, 3, 4)),
    ("Conv2D(3, 3, 2, padding='same', groups=3)", (2, 3, 3, 3)),
    (
        "Conv2D(2, 4, (3, 2), stride=(2, 3), padding=(2, 1), dilation=(1, 2), groups=2)",
        (2, 2, 4, 6),
    ),
]

WINDOWS = [
    ("1", (1, 3, 2)),
    ("2", (2, 4, 6)),
    ("2", (2, 1, 5, 5)),
    ("(1, 3)", (2, 3, 1, 3, 7)),
    ("2, stride=1", (2, 2, 3, 4)),
    ("3, stride=2", (1, 6, 8)),
    ("(3, 2), stride=(1, 2)", (2, 1, 5, 5)),
    ("2, stride=3", (1, 8, 6)),
    ("2, padding=1", (2, 2, 3, 3)),
    ("3, stride=2, padding=1", (2, 3, 1, 4, 6)),
    ("(3, 4), stride=(2, 1), padding=(1, 2)", (2, 5, 4)),
    ("(2, 1), stride=2, padding=(1, 0)", (1, 4, 4)),
    ("(3, 5)", (2, 3, 5)),
]

SHAPES = [
    ("GlobalAvgPool()", (3, 2, 4)),
    ("GlobalAvgPool()", (2, 3, 1, 3)),
    ("GlobalAvgPool()", (2, 3, 2, 2, 2)),
    ("Flatten()", (2, 3, 2)),
    ("Flatten()", (2, 3, 2, 2)),
    ("Flatten(2)", (2, 3, 4)),
    ("Flatten(1)", (2, 3)),
    ("Reshape(2, 3, 2)", (12,)),
    ("Reshape(3, 1, 2)", (2, 2, 6)),
    ("Reshape(-1, 2)", (3, 6)),
    ("Reshape(3, -1, axes=2)", (2, 2, 6)),
    ("Reshape(12, axes=3)", (2, 2, 2, 3)),
    ("Dropout(0.5)", (3, 4)),
    ("Dropout(0.1)", (2, 1, 2, 3)),
]

DENSE = [
    ("Dense(1, 1)", (1,)),
    ("Dense(3, 2)", (3,)),
    ("Dense(4, 3)", (5, 4)),
    ("Dense(2, 5, bias=False)", (3, 2)),
    ("Dense(3, 2)", (2, 3, 3)),
    ("Dense(2, 2, bias=False)", (2, 1, 3, 2)),
]

KINKS = [-3.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 3.0]
TAILS = [-1000.0, -40.0, -8.0, -2.0, -1e-9, 0.0, 1e-9, 2.0, 8.0, 40.0, 1000.0]
INPUTS = [(2, 3, 4), KINKS, TAILS]
ACTIVATIONS = [
    (text, numbers)
    for text in [
        "ReLU()",
        "LeakyReLU()",
        "LeakyReLU(0.25)",
        "Sigmoid()",
        "Tanh()",
        "GELU()",
        "GELU(approximate='tanh')",
    ]
    for numbers in INPUTS
]

SOFTMAX = [
    ("Softmax()", (4,)),
    ("Softmax()", (2, 3, 4)),
    ("Softmax(0)", (2, 3, 4)),
    ("Softmax(1)", (2, 3, 4)),
    ("Softmax(-2)", (3, 2)),
    ("Softmax()", (3, 1)),
    ("Softmax()", [[1000.0, 0.0, -1000.0], [0.0, 0.0, 0.0], [-1000.0, -1001.0, -1000.5]]),
]

RESIDUAL = [
    ("Residual(Tanh())", (2, 3)),
    ("Residual(Dense(3, 3))", (2, 3)),
    ("Residual(Sequential(Dense(3, 4), ReLU(), Dense(4, 2)), Dense(3, 2, bias=False))", (2, 3)),
    ("Residual(Sequential(Conv2D(2, 2, 3, padding=1), ReLU()))", (2, 2, 3, 4)),
    ("Residual(Conv2D(2, 3, 3, stride=2, padding=1), Conv2D(2, 3, 1, stride=2))", (2, 2, 4, 5)),
]

NORMS = [
    ("LayerNorm(4)", (4,)),
    ("LayerNorm(4)", (2, 3, 4)),
    ("LayerNorm((3, 4))", (2, 3, 4)),
    ("LayerNorm((2, 3, 2))", (2, 2, 3, 2)),
    ("LayerNorm(5, eps=0.1)", (3, 5)),
    ("LayerNorm(1)", (3, 1)),
    ("GroupNorm(1, 2)", (2, 2, 2, 3)),
    ("GroupNorm(2, 4)", (4, 2, 3)),
    ("GroupNorm(2, 4, affine=False)", (2, 4, 2, 2)),
    ("GroupNorm(3, 3, eps=0.01)", (2, 2, 3, 2, 2)),
]

BATCH_NORMS = [
    ("BatchNorm2D(2)", (3, 2, 2, 3)),
    ("BatchNorm2D(3)", (3, 2, 2)),
    ("BatchNorm2D(2)", (2, 3, 2, 2, 1)),
    ("BatchNorm2D(2, eps=0.1, momentum=0.3)", (2, 2, 2, 2)),
    ("BatchNorm2D(1)", (4, 1, 1, 1)),
]

BLOCK = "Sequential(Conv2D(3, 3, 3, padding=1, bias=False), BatchNorm2D(3), ReLU())"
MODELS = [
    (
        "Sequential(Conv2D(1, 3, 3), ReLU(), MaxPool(2), Flatten(), Dense(12, 4))",
        "CrossEntropyLoss()",
        (3, 1, 6, 6),
    ),
    (
        "Sequential(Conv2D(2, 3, 3, stride=2, padding='valid'), Tanh(), AvgPool(2, stride=1), "
        "Flatten(), Dense(6, 5), GELU(), Dense(5, 3))",
        "CrossEntropyLoss(reduction='sum')",
        (2, 2, 6, 8),
    ),
    (
        f"Sequential(Conv2D(1, 3, 2, padding='same'), Residual({BLOCK}), MaxPool(2), "
        "GroupNorm(3, 3), GlobalAvgPool(), Dense(3, 3))",
        "CrossEntropyLoss()",
        (4, 1, 4, 5),
    ),
]

PAIR_LOSSES = ["MSELoss", "L1Loss", "HuberLoss", "BCELoss", "BCEWithLogitsLoss", "HingeLoss"]
REDUCTIONS = ["mean", "sum", "none"]
KINKED = ([-2.5, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 2.5, 1000.0], [0.0] * 10)
LOGITS = [-1000.0, -40.0, -1.0, 0.0, 1.0, 40.0, 1000.0]
EXTREME = [[1000.0, 0.0], [1000.0, 0.0], [-1000.0, 1000.0], [0.0, 0.0]]
PROBABILITIES = [[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]]

OPTIMIZERS = [
    "SGD(parameters, lr=0.1)",
    "SGD(parameters, lr=0.1, weight_decay=0.05)",
    "SGD(parameters, lr=0.1, momentum=0.9)",
    "SGD(parameters, lr=0.05, momentum=0.8, weight_decay=0.1)",
    "SGD(parameters, lr=0.1, momentum=0.9, nesterov=True)",
    "SGD(parameters, lr=0.1, momentum=0.5, nesterov=True, weight_decay=0.1)",
    "RMSprop(parameters)",
    "RMSprop(parameters, lr=0.1, alpha=0.9, eps=0.001)",
    "RMSprop(parameters, lr=0.05, weight_decay=0.1)",
    "Adagrad(parameters)",
    "Adagrad(parameters, lr=0.5, eps=0.01)",
    "Adagrad(parameters, lr=0.1, weight_decay=0.1)",
    "Adam(parameters)",
    "Adam(parameters, lr=0.1, betas=(0.5, 0.9), eps=0.01)",
    "Adam(parameters, lr=0.1, weight_decay=0.1)",
    "AdamW(parameters)",
    "AdamW(parameters, lr=0.1, weight_decay=0)",
    "AdamW(parameters, lr=0.1, betas=(0.8, 0.9), weight_decay=0.2)",
]

SCHEDULES = [
    ("StepLR(optimizer, 3)", 10),
    ("StepLR(optimizer, 1, gamma=0.5)", 6),
    ("StepLR(optimizer, 4, gamma=1.5)", 12),
    ("CosineLR(optimizer, 10)", 10),
    ("CosineLR(optimizer, 7, minimum=0.02)", 7),
    ("CosineLR(optimizer, 1, minimum=0.1)", 1),
    ("WarmupLR(optimizer, 5)", 9),
]

CLIPS = [
    ("far above", [[3.0, 4.0], [12.0]], 1.0),
    ("a little above", [[0.6, 0.8], [0.1]], 1.0),
    ("below", [[0.3, -0.4], [0.0]], 1.0),
    ("zero", [[0.0, 0.0], [0.0]], 0.5),
]

# --- PyTorch under our names ---------------------------------------------------------------------


def peers():
    """PyTorch's layers and losses by our names."""
    nn = torch.nn
    return {
        **vars(nn),
        **{name: partial(formula, f) for name, f in formulas().items()},
        **golden_layers.peers(nn),
        "AvgPool": nn.AvgPool2d,
        "BatchNorm2D": nn.BatchNorm2d,
        "Conv2D": nn.Conv2d,
        "Dense": nn.Linear,
        "Flatten": lambda axes=3: nn.Flatten(-axes),
        "GlobalAvgPool": lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(-3)),
        "NLLLoss": lambda reduction="mean": formula(nll, reduction=reduction),
        "Residual": residual,
        "Softmax": lambda axis=-1: nn.Softmax(axis),
    }


def formulas():
    """What PyTorch has no layer for, as formulas of its tensors."""
    return {
        "HingeLoss": lambda y, t, reduction="mean": reduced((1 - t * y).clamp(min=0), reduction),
        "Reshape": lambda x, *shape, axes=1: x.flatten(-axes).unflatten(-1, shape),
    }


def formula(f, *args, **options):
    """A module y = f(inputs, *args, **options)."""
    module = torch.nn.Module()
    module.forward = lambda *inputs: f(*inputs, *args, **options)
    return module


def nll(prediction, target, reduction):
    """PyTorch's NLLLoss for classes, and -Σ_k t[k]·log p[k] for one-hot targets."""
    if target.is_floating_point():
        return reduced(-(prediction * target).sum(-1), reduction)
    return torch.nn.NLLLoss(reduction=reduction)(prediction, target)


def reduced(losses, reduction):
    """The mean, the sum, or all of them."""
    return losses if reduction == "none" else getattr(losses, reduction)()


def residual(body, shortcut=None):
    """y = body(x) + shortcut(x)."""
    module = torch.nn.Module()
    module.body, module.shortcut = body, shortcut
    module.forward = lambda x: body(x) + (x if shortcut is None else shortcut(x))
    return module


# --- drawing and rounding ------------------------------------------------------------------------


def draw(shape):
    """Normal numbers with two decimals, which are short in JSON."""
    return (torch.randn(shape) * 100).round() / 100


def ties(shape):
    """-1, 0 and 1, so that most windows have several largest entries."""
    return torch.randint(-1, 2, shape).double()


def probabilities(shape):
    """Numbers from 0.01 to 0.99."""
    return torch.randint(1, 100, shape) / 100


def given(x, drawer=draw):
    """A leaf: these numbers, or drawn for a shape."""
    x = drawer(x) if isinstance(x, tuple) else torch.tensor(x)
    return x.detach().requires_grad_()


def plain(x):
    """Nested lists of numbers with a bounded number of digits."""
    if isinstance(x, torch.Tensor):
        return plain(x.tolist())
    if isinstance(x, list):
        return [plain(entry) for entry in x]
    return float(f"{x:.{DIGITS}g}") if isinstance(x, float) else x


def case_of(name, **entries):
    """A case, whose name rules what is drawn from here on."""
    torch.manual_seed(zlib.crc32(name.encode()))
    return {"name": name, **entries}


def named(text, x, note=""):
    """The name of a case: the layer, and the shape or the size of its input."""
    size = "x".join(map(str, x)) if isinstance(x, tuple) else f"{len(x)} chosen"
    return f"{text} of {size}{note}"


def randomize(module):
    """Draw all parameters and running statistics; return them as nested lists."""
    for key, part in module.state_dict().items():
        if not key.endswith("num_batches_tracked"):
            part.copy_(draw(part.shape).abs() + 0.5 if key.endswith("_var") else draw(part.shape))
    return state(module)


def state(module):
    """Parameters and buffers as nested lists, without PyTorch's counters of batches."""
    kept = (item for item in module.state_dict().items() if not item[0].endswith("_tracked"))
    return {key: plain(part) for key, part in kept}


def gradients(module):
    """The gradients of all parameters as nested lists."""
    return {key: plain(p.grad) for key, p in module.named_parameters()}


# --- the groups of cases -------------------------------------------------------------------------


def layer_case(text, x, axes=0, drawer=draw, training=True, steps=1, note=""):
    """One layer: outputs and gradients of some steps, and its state after them."""
    case = case_of(named(text, x, note), layer=text, training=training)
    module = eval(text, peers()).train(training)
    case["state"] = randomize(module)
    case["steps"] = [layer_step(module, given(x, drawer), axes) for _ in range(steps)]
    case["after"] = state(module)
    return case


def layer_step(module, x, axes):
    """Outputs and gradients; what is in front of a sample's axes becomes PyTorch's batch axis."""
    if axes:
        y = module(x.reshape(-1, *x.shape[-axes:]))
        y = y.reshape(*x.shape[:-axes], *y.shape[1:])
    else:
        y = module(x)
    upstream = draw(y.shape)
    module.zero_grad()
    (y * upstream).sum().backward()
    return {
        "input": plain(x),
        "upstream": plain(upstream),
        "output": plain(y),
        "input_grad": plain(x.grad),
        "grads": gradients(module),
    }


def pooling():
    """Both pools over all windows; the largest entry also among many ties."""
    for options, shape in WINDOWS:
        yield layer_case(f"AvgPool({options})", shape, axes=3)
        yield layer_case(f"MaxPool({options})", shape, axes=3)
        yield layer_case(f"MaxPool({options})", shape, axes=3, drawer=ties, note=" with ties")
    flat = [[[7.0] * 5] * 5]
    yield layer_case("MaxPool(3, stride=1, padding=1)", flat, axes=3, note=" constant image")


def batch_norms():
    """Two steps of training, and one of evaluation."""
    for text, shape in BATCH_NORMS:
        yield layer_case(text, shape, axes=3, steps=2, note=" in training")
        yield layer_case(text, shape, axes=3, training=False, note=" in evaluation")


def loss_case(text, note, prediction, target, classes=False, drawer=draw):
    """One loss; of class scores, all leading axes become PyTorch's one batch axis."""
    case = case_of(f"{text} of {note}", loss=text)
    x = given(prediction, drawer)
    t = target(x.shape) if callable(target) else torch.tensor(target)
    loss = eval(text, peers())
    if classes:
        y = loss(x.reshape(-1, x.shape[-1]), t.reshape(-1, *t.shape[x.ndim - 1 :]))
        y = y.reshape(x.shape[:-1] if y.ndim else ())
    else:
        y = loss(x, t)
    upstream = draw(y.shape)
    (y * upstream).sum().backward()
    case.update(prediction=plain(x), target=plain(t), upstream=plain(upstream))
    case.update(output=plain(y), prediction_grad=plain(x.grad))
    return case


def pair_losses():
    """Losses of predictions and targets of one shape.

    The hinge stays away from its kink, where clamp has the derivative 1, and ours is 0.
    """
    predictions = {"BCELoss": probabilities, "HingeLoss": lambda shape: draw(shape) + 0.005}
    targets = {
        "BCELoss": probabilities,
        "BCEWithLogitsLoss": lambda shape: torch.randint(0, 2, shape).double(),
        "HingeLoss": lambda shape: torch.randint(0, 2, shape) * 2.0 - 1,
    }
    for name, reduction in product(PAIR_LOSSES, REDUCTIONS):
        text = f"{name}(reduction='{reduction}')"
        drawer, target = predictions.get(name, draw), targets.get(name, draw)
        yield loss_case(text, "2x3", (2, 3), target, drawer=drawer)
        yield loss_case(text, "2x1x2x2", (2, 1, 2, 2), target, drawer=drawer)
    for name in ["MSELoss()", "L1Loss()", "HuberLoss()", "HuberLoss(delta=2.0)"]:
        yield loss_case(name, "errors at the kinks", *KINKED)
    yield loss_case("HuberLoss(delta=0.3, reduction='sum')", "2x3", (2, 3), draw)
    for t in [0.0, 1.0, 0.3]:
        text = "BCEWithLogitsLoss(reduction='none')"
        yield loss_case(text, f"extreme logits for {t}", LOGITS, [t] * len(LOGITS))
    yield loss_case("BCELoss()", "certain targets", [0.001, 0.3, 0.999, 0.5], [1.0, 1.0, 0.0, 0.0])


def class_losses():
    """Losses of class scores on the last axis."""
    for name, reduction in product(["CrossEntropyLoss", "NLLLoss"], REDUCTIONS):
        add = partial(loss_case, f"{name}(reduction='{reduction}')", classes=True)
        yield add("4 samples", (4, 3), [0, 2, 1, 2])
        yield add("2x3 samples", (2, 3, 4), [[0, 1, 2], [3, 3, 0]])
        yield add("one sample", (3,), 1)
        yield add("one-hot targets", (2, 3), [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        yield add("probabilities", (2, 3), PROBABILITIES)
        yield add("one sample's probabilities", (3,), PROBABILITIES[0])
        yield add("2x2 samples' probabilities", (2, 2, 3), [PROBABILITIES, PROBABILITIES[::-1]])
        yield add("extreme logits", EXTREME, [0, 1, 0, 1])
        yield add("extreme logits, probabilities", EXTREME, [[1.0, 0.0], [0.5, 0.5]] * 2)
        yield add("a single class", (2, 1), [0, 0])


def model_case(text, loss, shape):
    """A whole network: outputs, loss and all gradients."""
    case = case_of(f"{text} of {'x'.join(map(str, shape))}", model=text, loss=loss)
    model = eval(text, peers())
    case["state"] = randomize(model)
    x = given(shape)
    y = model(x)
    t = torch.randint(0, y.shape[-1], y.shape[:-1])
    value = eval(loss, peers())(y, t)
    value.backward()
    case.update(input=plain(x), target=plain(t), output=plain(y), value=plain(value))
    case.update(input_grad=plain(x.grad), grads=gradients(model), after=state(model))
    return case


def optimizer_case(text, steps=6):
    """Numbers after each step; one gradient is always 0, and one step has no gradients."""
    case = case_of(text, optimizer=text)
    start = draw((5,))
    upstream = draw((steps, 5)) * torch.tensor([1.0, 1.0, 100.0, 0.001, 0.0])
    upstream[2] = 0.0
    p = start.clone().requires_grad_()
    optimizer = eval(text, {**vars(torch.optim), "parameters": [p]})
    case.update(start=plain(start), gradients=plain(upstream), numbers=[])
    for g in upstream:
        p.grad = g.clone()
        optimizer.step()
        case["numbers"].append(plain(p))
    return case


def schedule_case(text, steps, lr=0.2):
    """The learning rate before each step, and after the last."""
    schedules = torch.optim.lr_scheduler
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    names = {
        "CosineLR": lambda o, n, minimum=0.0: schedules.CosineAnnealingLR(o, n, minimum),
        "StepLR": schedules.StepLR,
        "WarmupLR": lambda o, n: schedules.LinearLR(o, 1 / n, total_iters=n - 1),
    }
    schedule = eval(text, {**names, "optimizer": optimizer})
    rates = schedule.get_last_lr()
    for _ in range(steps):
        optimizer.step()
        schedule.step()
        rates += schedule.get_last_lr()
    return {"name": text, "schedule": text, "lr": lr, "rates": plain(rates)}


def clip_case(name, rows, max_norm):
    """The norm of all gradients, and the gradients after clipping."""
    parameters = [torch.zeros(len(row), requires_grad=True) for row in rows]
    for p, row in zip(parameters, rows, strict=True):
        p.grad = torch.tensor(row)
    norm = torch.nn.utils.clip_grad_norm_(parameters, max_norm)
    clipped = [plain(p.grad) for p in parameters]
    return {"name": name, "rows": rows, "max_norm": max_norm, "norm": plain(norm), "after": clipped}


def goldens():
    """All groups of cases."""
    return {
        "torch": torch.__version__,
        "convolutions": [layer_case(*case, axes=3) for case in CONVOLUTIONS],
        "pooling": list(pooling()),
        "shapes": [layer_case(t, s, axes=3 * ("Global" in t), training=False) for t, s in SHAPES],
        "dense": [layer_case(*case) for case in DENSE],
        "activations": [
            layer_case(*case, note=f" from {case[1][0]:g}" * isinstance(case[1], list))
            for case in ACTIVATIONS
        ],
        "softmax": [layer_case(*case) for case in SOFTMAX],
        "residual": [layer_case(*case) for case in RESIDUAL],
        "norms": [layer_case(t, s, axes=3 * ("Group" in t)) for t, s in NORMS],
        "batch_norms": list(batch_norms()),
        "pair_losses": list(pair_losses()),
        "class_losses": list(class_losses()),
        "models": [model_case(*case) for case in MODELS],
        "optimizers": [optimizer_case(text) for text in OPTIMIZERS],
        "schedules": [schedule_case(*case) for case in SCHEDULES],
        "clips": [clip_case(*case) for case in CLIPS],
    }


def main(**files):
    """Write files of what functions give, and say what is in them."""
    if torch.__version__.partition("+")[0] != TORCH:
        raise SystemExit(f"needs torch {TORCH}, this is {torch.__version__}")
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    for name, goldens in files.items():
        write(name, goldens())


def write(name, cases):
    """Write groups of cases, and say how many there are."""
    path = HERE / f"{name}.json.gz"
    text = json.dumps(cases, separators=(",", ":"))
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    count = sum(len(group) for group in cases.values() if isinstance(group, list))
    print(f"{count} cases, {path.stat().st_size / 1000:.0f} kB: {path}")


if __name__ == "__main__":
    import torch  # here, because pytest imports each file to look for doctests, without torch

    main(
        goldens=goldens,
        goldens_layers=partial(golden_layers.goldens, layer_case, INPUTS),
    )

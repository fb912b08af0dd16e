"""Write goldens_training.json.gz: PyTorch's weighted losses, groups, schedules and averages."""

import make_goldens
from make_goldens import case_of, draw, plain

# --- cases: our API, and what PyTorch calls it ---------------------------------------------------

WEIGHTS = {"": {}, "weight=[0.5, 2.0, 1.0]": {"weight": [0.5, 2.0, 1.0]}}
IGNORED = {"": {}, "ignore_index=-100": {}, "ignore_index=1": {"ignore_index": 1}}
SMOOTHED = {"": {}, "label_smoothing=0.3": {"label_smoothing": 0.3}}
BINARY = [
    ("pos_weight=[0.5, 1.0, 4.0]", (4, 3)),
    ("pos_weight=2.0", (3,)),
    ("reduction='sum', pos_weight=[0.5, 3.0]", (2, 3, 2)),
]

GROUPS = [
    ("SGD", {"lr": 0.1, "momentum": 0.9}, [{}, {"lr": 0.01, "weight_decay": 0.1}]),
    ("SGD", {"lr": 0.1}, [{"lr": 0.3, "momentum": 0.5, "nesterov": True}, {}]),
    ("Adam", {"lr": 0.1}, [{"lr": 0.02}, {"betas": [0.5, 0.9], "eps": 0.1}]),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.5}, [{"weight_decay": 0.0}, {"lr": 0.2}]),
    ("RMSprop", {"lr": 0.1}, [{"alpha": 0.5}, {"lr": 0.01}]),
]

SCHEDULES = [
    ("CosineRestartsLR(optimizer, 4)", 13),
    ("CosineRestartsLR(optimizer, 3, growth=2)", 25),
    ("CosineRestartsLR(optimizer, 2, growth=3, minimum=0.02)", 12),
    ("OneCycleLR(optimizer, 20)", 19),
    ("OneCycleLR(optimizer, 7, rise=0.5, divisor=10.0)", 6),
]

AVERAGES = ["EMA(optimizer, decay=0.75)", "SWA(optimizer)", "SWA(optimizer, start=2, every=3)"]

# --- PyTorch -------------------------------------------------------------------------------------


def class_case(kind, reduction, options, settings, lead):
    """One loss of class scores, its classes, and a few that do not count."""
    text = f"{kind}({', '.join([repr(reduction), *filter(None, options)])})"
    case = case_of(f"{text} of {lead}", loss=text)
    x = draw((*lead, 3)).requires_grad_()
    t = torch.randint(0, 3, lead)
    if "ignore_index=-100" in options:
        t.view(-1)[::2] = -100
    rows = x.reshape(-1, 3).log_softmax(-1) if kind == "NLLLoss" else x.reshape(-1, 3)
    settings = {k: torch.tensor(v) if k == "weight" else v for k, v in settings.items()}
    y = getattr(torch.nn, kind)(reduction=reduction, **settings)(rows, t.reshape(-1))
    y = y.reshape(lead if y.ndim else ())
    upstream = draw(y.shape)
    (y * upstream).sum().backward()
    prediction = x.log_softmax(-1) if kind == "NLLLoss" else x
    case.update(prediction=plain(prediction), target=plain(t), upstream=plain(upstream))
    case.update(output=plain(y))
    if kind != "NLLLoss":
        case["prediction_grad"] = plain(x.grad)
    return case


def class_losses():
    """All options together, for samples and for pixels."""
    for lead in ((5,), (2, 3)):
        for reduction in ("mean", "sum", "none"):
            for weight, a in WEIGHTS.items():
                for ignored, b in IGNORED.items():
                    for smoothed, c in SMOOTHED.items():
                        options = (smoothed, weight, ignored)
                        yield class_case("CrossEntropyLoss", reduction, options, a | b | c, lead)
                    yield class_case("NLLLoss", reduction, ("", weight, ignored), a | b, lead)


def binary_case(options, shape):
    """Weights of the positives."""
    case = case_of(f"BCEWithLogitsLoss({options})", loss=f"BCEWithLogitsLoss({options})")
    x, t = draw(shape).requires_grad_(), torch.randint(0, 2, shape).double()
    named = eval(f"dict({options})")
    named["pos_weight"] = torch.tensor(named["pos_weight"])
    y = torch.nn.BCEWithLogitsLoss(**named)(x, t)
    y.backward()
    case.update(prediction=plain(x), target=plain(t), upstream=1.0)
    case.update(output=plain(y), prediction_grad=plain(x.grad))
    return case


def group_case(kind, settings, groups, steps=5):
    """Numbers of two parameters after each step."""
    name = f"{kind}, {settings}, {groups}"
    case = case_of(name, kind=kind, settings=settings, groups=groups)
    starts = [draw((2,)), draw((3,))]
    parameters = [p.clone().requires_grad_() for p in starts]
    pairs = zip(parameters, groups, strict=True)
    optimizer = getattr(torch.optim, kind)([{"params": [p], **g} for p, g in pairs], **settings)
    gradients = [[draw(p.shape) for p in parameters] for _ in range(steps)]
    case.update(starts=plain_all(starts), gradients=[plain_all(g) for g in gradients], numbers=[])
    for row in gradients:
        for p, g in zip(parameters, row, strict=True):
            p.grad = g.clone()
        optimizer.step()
        case["numbers"].append(plain_all(parameters))
    return case


def plain_all(tensors):
    """Several tensors as nested lists."""
    return [plain(t) for t in tensors]


def schedule_case(text, steps, lr=0.2):
    """The learning rate before each step, and after the last."""
    schedules = torch.optim.lr_scheduler
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    names = {
        "CosineRestartsLR": lambda o, n, growth=1, minimum=0.0: (
            schedules.CosineAnnealingWarmRestarts(o, n, growth, minimum)
        ),
        "OneCycleLR": lambda o, n, rise=0.3, divisor=25.0: schedules.OneCycleLR(
            o, lr, n, pct_start=rise, div_factor=divisor, cycle_momentum=False
        ),
    }
    schedule = eval(text, {**names, "optimizer": optimizer})
    rates = schedule.get_last_lr()
    for _ in range(steps):
        optimizer.step()
        schedule.step()
        rates += schedule.get_last_lr()
    return {"name": text, "schedule": text, "lr": lr, "rates": plain(rates)}


def average_case(text, steps=9):
    """The averages of a walk of SGD after each step."""
    case = case_of(text, average=text)
    start, gradients = draw((3,)), draw((steps, 3))
    model = torch.nn.Module()
    model.p = torch.nn.Parameter(start.clone())
    optimizer = torch.optim.SGD([model.p], lr=0.1, momentum=0.5)
    swa = torch.optim.swa_utils
    decay = {"multi_avg_fn": swa.get_ema_multi_avg_fn(0.75)} if "EMA" in text else {}
    averaged = swa.AveragedModel(model, **decay)
    case.update(start=plain(start), gradients=plain(gradients), averages=[])
    first, every = (2, 3) if "every" in text else (1, 1)
    for k, g in enumerate(gradients, 1):
        model.p.grad = g.clone()
        optimizer.step()
        if k >= first and (k - first) % every == 0:
            averaged.update_parameters(model)
        case["averages"].append(plain(averaged.module.p if k >= first else model.p))
    return case


def goldens():
    """All groups of cases."""
    return {
        "torch": torch.__version__,
        "losses": [*class_losses(), *(binary_case(*case) for case in BINARY)],
        "groups": [group_case(*case) for case in GROUPS],
        "schedules": [schedule_case(*case) for case in SCHEDULES],
        "averages": [average_case(text) for text in AVERAGES],
    }


if __name__ == "__main__":
    import torch

    make_goldens.torch = torch
    make_goldens.main(goldens_training=goldens)

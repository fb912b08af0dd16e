"""Cases of goldens_layers.json.gz: signals, ways back up, pools' options, and further norms."""

SIGNALS = [
    ("Conv1D(1, 2, 3)", (1, 6)),
    ("Conv1D(2, 4, 3, stride=2, padding=1, groups=2)", (2, 2, 7)),
    ("Conv1D(2, 3, 2, padding='same', dilation=3, bias=False)", (2, 3, 2, 5)),
    ("MaxPool1D(2)", (2, 3, 5)),
    ("MaxPool1D(3, stride=2, padding=1, dilation=2, ceil_mode=True)", (2, 8)),
    ("AvgPool1D(3, stride=2, padding=1)", (2, 2, 6)),
    ("AvgPool1D(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False)", (2, 2, 6)),
    ("GlobalAvgPool1D()", (2, 3, 4)),
]

UPWARD = [
    ("ConvTranspose2D(1, 1, 1)", (1, 2, 3)),
    ("ConvTranspose2D(2, 3, 3)", (2, 2, 3, 2)),
    ("ConvTranspose2D(2, 1, 4, stride=2, padding=1)", (2, 2, 2, 3)),
    ("ConvTranspose2D(2, 4, (3, 2), stride=(2, 3), groups=2, bias=False)", (2, 3, 2, 2, 2)),
    ("ConvTranspose2D(1, 2, 1, stride=2, output_padding=1)", (1, 2, 2)),
    ("ConvTranspose2D(1, 1, 3, stride=2, padding=2, output_padding=1, dilation=2)", (2, 1, 3, 3)),
    ("ConvTranspose2D(1, 1, 2, stride=(4, 1), dilation=(2, 3))", (1, 2, 3)),
    ("Upsample(scale_factor=2)", (2, 2, 2, 3)),
    ("Upsample(size=(5, 2))", (1, 3, 3)),
    ("Upsample(scale_factor=(1.5, 0.7))", (2, 1, 3, 4)),
    ("Upsample(scale_factor=2, mode='bilinear')", (2, 2, 2, 3)),
    ("Upsample(size=(3, 7), mode='bilinear')", (1, 4, 3)),
    ("Upsample(scale_factor=1.7, mode='bilinear')", (1, 3, 3)),
    ("Upsample(size=(4, 1), mode='bilinear', align_corners=True)", (2, 1, 3, 3)),
]

POOLS = [
    ("MaxPool(2, dilation=2)", (1, 5, 4)),
    ("MaxPool((3, 2), stride=(1, 2), padding=(1, 1), dilation=(2, 1))", (2, 2, 3, 4)),
    ("MaxPool(2, ceil_mode=True)", (2, 3, 5)),
    ("MaxPool(3, stride=3, padding=1, ceil_mode=True)", (1, 6, 5)),
    ("MaxPool(2, stride=4, ceil_mode=True)", (1, 5, 6)),
    ("AvgPool(2, ceil_mode=True)", (2, 3, 5)),
    ("AvgPool(3, stride=2, padding=1, ceil_mode=True)", (2, 1, 4, 6)),
    ("AvgPool(3, stride=1, padding=1, count_include_pad=False)", (2, 2, 3, 4)),
    ("AvgPool(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False)", (1, 4, 6)),
]

ROOT_MEAN_SQUARES = [
    ("RMSNorm(4)", (2, 3, 4)),
    ("RMSNorm((3, 2), eps=0.1)", (2, 3, 2)),
    ("RMSNorm(3, affine=False)", (2, 3)),
]

FURTHER_BATCH_NORMS = [
    ("BatchNorm1D(2)", (4, 2)),
    ("BatchNorm1D(3)", (2, 3, 3)),
    ("BatchNorm1D(2, eps=0.1, momentum=0.3)", (3, 2, 4)),
    ("BatchNorm1D(2, affine=False)", (2, 2, 2)),
    ("BatchNorm2D(2, affine=False)", (2, 2, 2, 3)),
]

FUNCTIONS = [
    *("ELU()", "ELU(0.5)", "SiLU()", "Softplus()", "Softplus(2.0)", "Hardtanh()"),
    *("Hardtanh(0.0, 6.0)", "LogSoftmax()"),
]

OVER_AN_AXIS = [("LogSoftmax(0)", (2, 3, 4)), ("LogSoftmax(-2)", (3, 2)), ("Identity()", (2, 3))]


def peers(nn):
    """PyTorch's layers by our names."""
    return {
        "AvgPool1D": nn.AvgPool1d,
        "BatchNorm1D": nn.BatchNorm1d,
        "Conv1D": nn.Conv1d,
        "ConvTranspose2D": nn.ConvTranspose2d,
        "GlobalAvgPool1D": lambda: nn.Sequential(nn.AdaptiveAvgPool1d(1), nn.Flatten(-2)),
        "LogSoftmax": lambda axis=-1: nn.LogSoftmax(axis),
        "MaxPool": lambda k, stride=None, padding=0, dilation=1, ceil_mode=False: nn.MaxPool2d(
            k, stride, padding, dilation, ceil_mode=ceil_mode
        ),
        "MaxPool1D": nn.MaxPool1d,
        "RMSNorm": lambda shape, eps=2**-23, affine=True: nn.RMSNorm(shape, eps, affine),
        "Upsample": lambda mode="nearest", align_corners=None, **options: nn.Upsample(
            **options, mode=mode, align_corners=align_corners
        ),
    }


def goldens(layer_case, inputs):
    """All groups; `layer_case` makes one, and `inputs` are of functions of each entry."""
    return {
        "signals": [layer_case(*case, axes=2) for case in SIGNALS],
        "upward": [layer_case(*case, axes=3) for case in UPWARD],
        "pools": [layer_case(*case, axes=3) for case in POOLS],
        "root_mean_squares": [layer_case(*case) for case in ROOT_MEAN_SQUARES],
        "further_batch_norms": [
            case
            for text, shape in FURTHER_BATCH_NORMS
            for case in (
                layer_case(text, shape, steps=2, note=" in training"),
                layer_case(text, shape, training=False, note=" in evaluation"),
            )
        ]
        + [layer_case("BatchNorm1D(3)", (3, 3), note=" in training")],
        "functions": [
            layer_case(text, x, note=f" from {x[0]:g}" * isinstance(x, list))
            for text in FUNCTIONS
            for x in inputs
        ]
        + [layer_case(*case) for case in OVER_AN_AXIS],
    }

"""The gradient cross-check: is a hand-derived gradient right, and if not, what is the mistake?"""

from .functions import check_grads
from .gradients import check_gradients
from .layers import check_layer, check_stack
from .losses import check_loss
from .report.findings import Finding
from .report.report import Report

__all__ = [
    "Finding",
    "Report",
    "check_gradients",
    "check_grads",
    "check_layer",
    "check_loss",
    "check_stack",
]

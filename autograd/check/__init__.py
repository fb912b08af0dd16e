"""The gradient cross-check: is a hand-derived gradient right, and if not, what is the mistake?"""

from .findings import Finding
from .gradients import check_gradients
from .report import Report

__all__ = ["Finding", "Report", "check_gradients"]

"""All passes of the examination."""

import exam_activations  # noqa: F401
import exam_convolutions  # noqa: F401
import exam_gru  # noqa: F401
import exam_losses  # noqa: F401
import exam_norms  # noqa: F401
import exam_objectives  # noqa: F401
import exam_pooling  # noqa: F401
import exam_transformer  # noqa: F401
from wrong_passes import CASES, RIGHT

__all__ = ["CASES", "RIGHT"]

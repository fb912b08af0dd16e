"""Interrupts at a line of one's choice."""

import sys

import numpy as np


def interrupted(action, at, within):
    """Run an action, and interrupt it before its `at`-th line within these modules;
    True if it ended.

    An interrupt in front of the end of a `with` leaves NumPy's settings as they are in it.
    """
    count = 0

    def tracer(frame, event, _):
        nonlocal count
        if frame.f_globals["__name__"] not in within:
            return None
        if event == "line":
            count += 1
            if count == at:
                raise KeyboardInterrupt
        return tracer

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        with np.errstate():
            action()
    except KeyboardInterrupt:
        return False
    finally:
        sys.settrace(before)
    return True

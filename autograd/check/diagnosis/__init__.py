"""Why a gradient is wrong: hypotheses in order, from factors to known mistakes."""

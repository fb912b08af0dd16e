"""Which one change of a step of the true reverse pass gives just the gradients that were claimed.

The forward was recorded; its reverse pass is exact. A mistake is a change of one of its steps: an
edge that hands nothing on, f where f′ belongs, another array in the place of a factor. Only what
equals the claims of all inputs at once is told, in the words of the user's own source.
"""

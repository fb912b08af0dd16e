"""Machine code: the C compiler that is here builds a shared library, kept for the next time."""

"""Packs become kernels, as data: what each block computes, and who needs it."""

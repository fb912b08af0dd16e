"""Layer objects as people write them: how they are called, and where their gradients are."""

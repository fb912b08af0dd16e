"""Training: a trainer, its history and checkpoints, and scikit-learn's conventions."""

"""What to show: which box stands for which scalars."""

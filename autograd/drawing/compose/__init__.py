"""What each box of a drawing says: from a choice to an outline, which is plain data."""

"""What is true: slopes with error bars, and whether a claimed gradient agrees with them."""

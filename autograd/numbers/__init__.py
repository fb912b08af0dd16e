"""What a row of the table may be fed: kinds of numbers, smooth functions of them, and kinks."""

"""Why a gradient differs from the true one: hypotheses, of which only exact matches count."""

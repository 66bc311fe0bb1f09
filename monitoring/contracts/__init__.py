"""Feature contracts: what models are asked with is seen, counted where it is new, and told of."""

"""Feature contracts: what is seen, what is expected of it, and which models are held to it."""

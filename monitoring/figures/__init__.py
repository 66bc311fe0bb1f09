"""How a model is served: durations, delays, rates, what is pending and what was refused."""

"""Figures of serving a model: durations, delays, rates, what is pending and what was refused."""

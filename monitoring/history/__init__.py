"""Metrics over time: sampled off the hot path, and thinned as they age."""

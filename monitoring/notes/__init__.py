"""Notes in the charts of models."""

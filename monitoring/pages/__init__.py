"""The pages: what the instance is doing, one model, several side by side."""

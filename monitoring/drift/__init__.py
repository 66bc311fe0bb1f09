"""Drift: River's detectors on what models get wrong, on what they predict and on what they are asked."""

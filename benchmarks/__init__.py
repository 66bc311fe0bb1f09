"""The benchmark: this server beside what a user would pick instead, and beside bare River.

`make bench` sets it up and runs it; `python -m benchmarks --help` shows its options.
"""

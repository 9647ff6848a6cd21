"""Measurements of ragspace, each beside a reference in the same run. `python -m benchmarks` runs them all."""

"""Measures Daedap beside the database it stands on: `python -m benchmarks` (docs/performance.md)."""

"""How well it detects, beside others, on operators that nothing was developed on: `python -m benchmarks.quality`."""

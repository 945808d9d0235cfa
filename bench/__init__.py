"""Figures of whole designs: cells, block RAMs, clock; ``python -m bench`` makes ``docs/results.md`` again."""

"""Exact arithmetic: what scales, biases and thresholds become when nothing is rounded."""

"""Measurements, side by side: what we take, the least it can take, and what others take."""

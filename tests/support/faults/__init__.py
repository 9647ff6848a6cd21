"""Faults of the services behind an answer, made on the way to them: refused, silent, slow, cut, garbled."""

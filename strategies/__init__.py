"""Hypothesis strategies: from `specs/` to values, near misses and rule machines. dxcontract never imports them."""

"""Rule machines: random sequences of operations that are compared with an independent model."""

"""Rule machines: any order of operations against an independent model."""

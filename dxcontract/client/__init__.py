"""Calls to a target: the client, its pace, the journal of what it makes, clean-up. Imports up to `targets`."""

"""Reports for people and programs. Imports up to `reproduce`."""

"""The actions of rule machines, one family of operations per file."""

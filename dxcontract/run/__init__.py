"""One run: its session, result, known gaps and options. Imports `oracle` and what lies below."""

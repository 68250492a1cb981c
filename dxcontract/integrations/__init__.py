"""Other tools: the media type for Schemathesis, and coverage of the target's own code."""

"""`--target-coverage`: which lines of the target's own code a run reaches, by operation, where the target runs here."""

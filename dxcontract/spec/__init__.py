"""The contract as data, read from `specs/`: operations, rules, lifecycles. Imports nothing else of the project."""

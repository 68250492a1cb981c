"""The pytest plugin: options, hooks, progress, interrupts. Imports everything but `cli`."""

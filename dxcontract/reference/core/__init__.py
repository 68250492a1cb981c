"""What all operations of the emulator share: records, their store, the clock, transitions, rules."""

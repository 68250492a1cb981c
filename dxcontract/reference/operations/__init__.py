"""What each operation of the emulator does: a file a kind of resource."""

"""The emulator as a server: HTTP, AWS JSON, CBOR, signatures, errors, the administrative endpoint."""

"""Bytes on the wire: messages, connections, signatures, CBOR, secrets removed from text. Imports `spec` only."""

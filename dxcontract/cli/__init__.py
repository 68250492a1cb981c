"""The command `dxcontract`: a file a command. Nothing imports it."""

"""The command `dxcontract`, one file for each subcommand. No other package imports it."""

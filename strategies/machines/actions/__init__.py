"""What rule machines can do: a family of operations a file."""

"""Shared by all tests: the project's root is on the path, as it is for the command."""

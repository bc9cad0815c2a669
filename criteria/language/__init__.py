"""The criterion language: its typed tree, its parser, its checks."""

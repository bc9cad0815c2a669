"""Where data comes from: code lists, reading an extract, the synthetic registry."""

"""What the tables are: columns, words, ranges and errors that every other layer speaks of."""

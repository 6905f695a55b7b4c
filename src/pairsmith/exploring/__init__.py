"""What the contents of a built dataset are: attacks that worked, topics, words, a map."""

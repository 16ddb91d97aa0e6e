"""The mapping language, and the shipped mapping set."""

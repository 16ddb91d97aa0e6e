"""One definition that both departments share, the hand-off of a lead, and the official way back."""

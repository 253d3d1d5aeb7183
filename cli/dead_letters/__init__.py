"""`newswire dead-letters`: look at what could not be handled, and send it back."""

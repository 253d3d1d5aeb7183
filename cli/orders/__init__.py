"""`newswire withhold`, `release`, `kill`, `erase`: an operator's orders to articles."""

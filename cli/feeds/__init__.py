"""`newswire feeds`: who may send what, listed, checked and changed."""

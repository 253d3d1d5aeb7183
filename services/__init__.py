"""The four services. They never import each other; events carry everything between them."""

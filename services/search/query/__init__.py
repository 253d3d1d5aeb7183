"""From what a reader types to what Elasticsearch is asked: text → syntax tree → query, all of it pure.

`parser.parse` makes the tree, `tree.render` writes it back, `build.text_query` makes the query body. User text never
reaches Elasticsearch unparsed.
"""

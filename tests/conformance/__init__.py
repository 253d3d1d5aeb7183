"""How newswire's understanding of real wire files and feeds compares with facts that people took from them (`make conformance`).

The files stay outside the project (`NEWSWIRE_CORPORA`), in memory while they are compared; only facts and counts are printed.
"""

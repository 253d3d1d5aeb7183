"""How clean articles come out: every figure of extraction, dates, language, copies and wire text, held against real material."""

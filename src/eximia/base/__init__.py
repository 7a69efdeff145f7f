"""Vocabulary of everything else: text and taint, spans, errors, options, catalogues, trace, ports."""

"""Vocabulary everything else is made of: text and taint, spans, errors, options, catalogues, trace, ports. Imports nothing of ours."""

"""The Exim filter language: `reader` takes text apart, `parser` makes commands of it, which obey themselves."""

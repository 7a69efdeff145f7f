"""Exim's utilities (manual chapter 54), each under its own name: a symbolic link to the program, or `eximia NAME`."""

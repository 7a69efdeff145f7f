"""The lines of the main and reject logs, one small module per family (manual 53.6 to 53.14).

Functions give the text after the timestamp and the message id; `Log` writes it. Fields come in Exim's order.
"""

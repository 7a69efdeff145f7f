"""This server, Exim and Postfix side by side: `python -m bench`. Figures are ratios within one run."""

"""The variables of manual chapter 11.9, one file per group; `catalogue` names them."""

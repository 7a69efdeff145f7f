"""The operators `${name:...}` of manual chapter 11.6, one file per family; `catalogue` names them."""

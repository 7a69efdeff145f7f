"""The conditions of `${if ...}`, manual chapter 11.7, one file each; `catalogue` names them."""

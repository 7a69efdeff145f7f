"""The items `${name ...}` of manual chapter 11.5, one file each; `catalogue` names them."""

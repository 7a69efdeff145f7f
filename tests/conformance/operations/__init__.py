"""One module for each family of operations: a function takes a case and tells what is wrong with our answer."""

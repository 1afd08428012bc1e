"""The rules, one module each; a new module in a family is found by itself."""

"""The tables. Each begins with a line that says what it holds, from where, and as of when."""

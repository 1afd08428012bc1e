"""What failing builds write, and what it means: tables of causes by what they are about."""

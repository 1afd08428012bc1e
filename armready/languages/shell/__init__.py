"""Shell, wherever it stands: words, commands, and the conditions they run under."""

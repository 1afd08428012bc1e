"""One module or package a format: text becomes nodes with exact places. Nothing of arm64 is in here."""

"""What happens to leads beyond their own row: they are handed over, and become customers."""

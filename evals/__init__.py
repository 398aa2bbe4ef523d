"""The assistant's exam: tasks over a seeded organization, with checked end states. See `make eval`."""

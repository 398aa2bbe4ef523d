"""System checks: the role must not be able to bypass the walls, and every tenant table must have them."""

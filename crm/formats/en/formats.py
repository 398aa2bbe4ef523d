"""How dates read in the admin: short enough for a column, the same for every country."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i"

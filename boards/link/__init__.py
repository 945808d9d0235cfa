"""The link between a host and a board: both its ends, and what passes between them."""

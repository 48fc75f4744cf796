"""Real audio servers, each in a temporary directory of its own."""

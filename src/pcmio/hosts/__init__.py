"""One folder for each audio system; none imports another."""

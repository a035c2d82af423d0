"""What the words of a request make of objects, where they can be meant in one way only."""

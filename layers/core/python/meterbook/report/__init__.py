"""What people read: summaries of the book."""

"""What somebody should hear about: events that follow from what SQL has already judged."""

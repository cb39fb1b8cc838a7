"""The commercial set-up: YAML in Git, compared with the book, landed as versions."""

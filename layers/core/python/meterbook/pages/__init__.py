"""Pages: what is published, as HTML that a person reads. Pure: documents in, text out."""

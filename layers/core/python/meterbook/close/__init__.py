"""The month ends: what an invoice is made of is frozen."""

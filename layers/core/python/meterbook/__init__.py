"""Meterbook: usage metered, real cost attributed, invoices that nobody has to dispute."""

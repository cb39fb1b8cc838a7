"""Cost comes in: bills become deliveries with a control total of their own."""

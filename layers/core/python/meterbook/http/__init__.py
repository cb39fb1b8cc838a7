"""What is asked by plain HTTP, on one machine as in the cloud."""

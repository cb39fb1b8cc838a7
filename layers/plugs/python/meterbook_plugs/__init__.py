"""What the functions share and nobody else: the cloud's sockets, plugged together."""

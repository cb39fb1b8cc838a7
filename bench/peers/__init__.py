"""What runs in the peers' own environment (`bench/peers.txt`): their engines, their ways."""

"""The way to AWS: clients for every account and Region, and the guard before them."""

"""Asking AWS which machine images the seats' EC2 instances have, and pinning what it answers."""

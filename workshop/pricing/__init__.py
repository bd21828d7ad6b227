"""What machines and disks cost an hour."""

"""What a workshop's labs need of AWS, read from their files, and the smallest profile for them."""

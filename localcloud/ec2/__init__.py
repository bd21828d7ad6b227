"""EC2 as far as workshops use it: instances with states that take time, volumes, images, network.

What lies in ministack's stores (instances, volumes, snapshots, images, tags, security groups) has
the members of boto3's answers; members of ours begin with an underscore.
"""

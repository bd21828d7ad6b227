"""The ways into a seat's EC2 instance: lines for anybody's machine, credentials, sign-in links."""

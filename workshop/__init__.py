"""The provisioner without CDK: settings, roster, names, fleet, local cloud, command line."""

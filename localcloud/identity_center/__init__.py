"""Identity Center: what programs of somebody who signed in with a browser ask."""

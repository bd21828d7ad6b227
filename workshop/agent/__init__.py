"""What runs on every workbench: saves files, shows messages, brings new content, reports."""

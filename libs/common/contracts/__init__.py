"""What each service promises to the others: the events it publishes, one module a service."""

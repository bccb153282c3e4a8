"""Customers: found, looked at, edited and deleted by hand, exported."""

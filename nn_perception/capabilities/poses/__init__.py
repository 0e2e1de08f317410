"""Human poses."""

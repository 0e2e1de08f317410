"""Who may open the page: addresses, origins and the token."""

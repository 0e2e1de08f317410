"""Who may use the page: addresses, origins, tokens and limits."""

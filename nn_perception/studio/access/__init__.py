"""Who may open the page, and how much of the machine a client can take."""

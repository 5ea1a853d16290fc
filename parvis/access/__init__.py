"""Who may do what: principals, sign-in, scopes, grants."""

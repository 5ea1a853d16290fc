"""An authorisation server: programs that never see a password. OAuth 2.0 (RFC 6749) as Matrix profiles it, with
PKCE (RFC 7636), registration (RFC 7591), revocation (RFC 7009) and devices without a browser (RFC 8628)."""

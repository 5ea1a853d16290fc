"""Line protocols (SMTP, later IMAP and ManageSieve) as one engine that knows no feature."""

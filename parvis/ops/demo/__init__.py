"""The demo organisation: its people, their mail of six weeks, public mail for volume, and questions to ask."""

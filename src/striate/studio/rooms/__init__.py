"""A file a room of the studio: its pages, and what their scripts ask for."""

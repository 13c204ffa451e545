"""The only loop: events from the edges → ``step`` → effects to the edges."""

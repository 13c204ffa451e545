"""The doors in the wall: what the runtime needs of the outside, as protocols. One implementation is one file elsewhere."""

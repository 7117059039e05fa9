"""The networks that ship with netdsl."""
